import type { CrashReport } from "../../contract.ts";
import type { Watchlist } from "../../shard/messages.ts";
import type { NotedRun } from "./run-note.ts";

/** Inputs that have crashed the engine again, and are refused. */
export interface RepeatedCrash {
  /** Of the request that crashed it last. */
  readonly requestId: string;
  /** SHA-256 of the inputs, in hexadecimal. */
  readonly digest: string;
  /** How it ended, in words. */
  readonly message: string;
  /** Monotonic, milliseconds. */
  readonly at: number;
}

/** What is known of crashes, across the lives of shards. */
export interface CrashRegister {
  /** Takes in that a shard has crashed. The crash, where it has told whose fault it is: those inputs are refused now. */
  readonly crashed: (run: NotedRun, message: string) => RepeatedCrash | undefined;
  readonly watchlist: () => Watchlist;
  /** Forgets what is old; true when the watchlist is another one now. */
  readonly forget: () => boolean;
  /** The newest first. */
  readonly repeated: () => readonly RepeatedCrash[];
}

/** Long enough that a client which tries again for hours costs a shard or two of them; a new model is a new pod. */
const refusedMilliseconds = 60 * 60 * 1000;
/** Of each list. More crashes than 6 within ten minutes end the pod, so that neither is ever full with what is new. */
const mostKept = 256;

/**
 * Two crashes tell a request: after the first one inputs are suspected that look like those that ran, all of them where
 * some ran together. Suspects are run alone and noted with a digest of everything in them, so that what a second crash
 * convicts are these inputs, bit for bit, and not others that ran beside them or before.
 */
export function createCrashRegister(now: () => number): CrashRegister {
  const suspects = new Map<number, number>();
  const repeated = new Map<string, RepeatedCrash>();
  return {
    crashed({ requestId, marks, digest, isUnderWay }, message) {
      const at = now();
      for (const mark of marks) keep(suspects, mark, at);
      if (digest === undefined || !isUnderWay) return undefined;
      const crash = { requestId, digest, message, at };
      keep(repeated, digest, crash);
      return crash;
    },
    watchlist: () => ({ suspects: [...suspects.keys()], refused: [...repeated.keys()] }),
    forget() {
      const before = now() - refusedMilliseconds;
      const old = [...suspects].filter(([, at]) => at < before);
      for (const [mark] of old) suspects.delete(mark);
      const over = [...repeated.values()].filter(({ at }) => at < before);
      for (const { digest } of over) repeated.delete(digest);
      return old.length + over.length > 0;
    },
    repeated: () => [...repeated.values()].toReversed(),
  };
}

/** As it stands in the report of the server, at the time `now`. */
export function crashReport(now: number): (crash: RepeatedCrash) => CrashReport {
  return ({ requestId, digest, message, at }) => ({
    requestId,
    inputs: digest,
    message,
    secondsAgo: Math.round((now - at) / 1000),
  });
}

/** As the newest; the oldest makes room. */
function keep<Key, Value>(kept: Map<Key, Value>, key: Key, value: Value): void {
  kept.delete(key);
  kept.set(key, value);
  const [oldest] = kept.keys();
  if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
}
