import { digestOf, markOf } from "../engine/inputs-mark.ts";
import type { RunInputs } from "../engine/run.ts";
import type { RunWatch } from "../engine/run-watch.ts";
import { problems } from "../errors.ts";
import type { RunNoting } from "../supervisor/shards/run-note.ts";
import type { Watchlist } from "./messages.ts";

export interface CrashWatch extends RunWatch {
  /** Takes the place of the list before it. */
  readonly watch: (list: Watchlist) => void;
}

/**
 * Notes each run where it outlives this process, and refuses inputs that have crashed a process again. Inputs that only
 * look like such are run, alone, and noted so that they are known for sure.
 */
export function createCrashWatch({ begin, end }: RunNoting): CrashWatch {
  let suspects: ReadonlySet<number> = new Set();
  let refused: ReadonlySet<string> = new Set();
  return {
    watch(list) {
      suspects = new Set(list.suspects);
      refused = new Set(list.refused);
    },
    judge(inputs: RunInputs) {
      const mark = markOf(inputs);
      if (!suspects.has(mark)) return { mark, digest: undefined };
      const digest = digestOf(inputs);
      return refused.has(digest) ? problems.crashesEngine() : { mark, digest };
    },
    begin,
    end,
  };
}
