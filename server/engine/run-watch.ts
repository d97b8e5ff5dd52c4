import type { Problem } from "../errors.ts";
import type { RunInputs } from "./run.ts";

/** How inputs stand right before their run. */
export interface Standing {
  /** See `markOf` in inputs-mark.ts: told of a run that crashes the process. */
  readonly mark: number;
  /** Set where they look like inputs that crashed it before: they are run alone, so that it is known who does it again. */
  readonly digest: string | undefined;
}

/** Sees each run before it begins: a crash ends this process, and who comes after must know what ran in it. */
export interface RunWatch {
  /** A problem where the inputs have crashed the engine again and are not to be run. */
  readonly judge: (inputs: RunInputs) => Standing | Problem;
  /** Right before a run. `id`: of its (first) request; one standing for each request in it. */
  readonly begin: (id: string, standings: readonly Standing[]) => void;
  /** Right after it. */
  readonly end: () => void;
}

/** Where nobody comes after: nothing is noted and nothing refused. */
export const noWatch: RunWatch = { judge: () => unknown, begin: ignore, end: ignore };

const unknown: Standing = { mark: 0, digest: undefined };

function ignore(): void {
  // See the place of its use.
}
