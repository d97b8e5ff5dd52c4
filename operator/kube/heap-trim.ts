import type { Cancel, Clock } from "./clock.ts";

export interface HeapTrimOptions {
  readonly clock: Clock;
  /** Bytes of the heap that are in use, garbage among them. */
  readonly usedBytes: () => number;
  /** Collects all garbage, and gives what is free back to the system. Blocks. */
  readonly collect: () => void;
  /** Nothing waits for the thread that a collection would block. */
  readonly isQuiet: () => boolean;
}

export interface HeapTrim {
  start(): void;
  stop(): void;
}

/** A look costs microseconds. A collection takes about a tenth of a second, once in so long at the most. */
const lookMs = 5_000;
/** More garbage than this is worth a collection: a tenth of what an operator with a thousand models takes. */
const worthBytes = 8 * 1024 * 1024;

/**
 * V8 collects when it allocates. After the lists of a start or a thousand new models nobody allocates for hours, and
 * what they left behind stays. Flags that make V8 collect early enough cost a quarter of the processor time of a burst; to
 * collect once when the work is done costs next to nothing.
 */
export function createHeapTrim({ clock, usedBytes, collect, isQuiet }: HeapTrimOptions): HeapTrim {
  /** In use after the last collection, or since then at the least. */
  let keptBytes = 0;
  let cancel: Cancel | undefined;

  const look = (): void => {
    const used = usedBytes();
    keptBytes = Math.min(keptBytes, used); // V8 may have collected by itself
    if (used - keptBytes > worthBytes && isQuiet()) {
      collect();
      keptBytes = usedBytes();
    }
    cancel = clock.setTimeout(look, lookMs);
  };

  return {
    start: () => {
      cancel ??= clock.setTimeout(look, lookMs);
    },
    stop: () => {
      cancel?.();
      cancel = undefined;
    },
  };
}
