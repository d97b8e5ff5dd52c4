import type { Clock } from "./clock.ts";

export interface ManualClock extends Clock {
  /** Moves time on, firing due timers in order; promise chains they start run before the next timer fires. */
  advance(ms: number): Promise<void>;
  /** Timers that have not fired: 0 after a clean stop. */
  pending(): number;
}

const startMs = Date.UTC(2026, 0, 1);

/** A clock that stands still until a test moves it. */
export function createManualClock(): ManualClock {
  let elapsed = 0;
  let sequence = 0;
  const timers = new Map<number, { readonly at: number; readonly callback: () => void }>();

  const earliest = (until: number): number | undefined => {
    let found: number | undefined;
    let foundAt = Number.POSITIVE_INFINITY;
    for (const [id, timer] of timers) {
      if (timer.at <= until && timer.at < foundAt) {
        found = id;
        foundAt = timer.at;
      }
    }
    return found;
  };

  return {
    now: () => startMs + elapsed,
    monotonic: () => elapsed,
    setTimeout: (callback, ms) => {
      const id = sequence++;
      timers.set(id, { at: elapsed + Math.max(0, ms), callback });
      return () => void timers.delete(id);
    },
    pending: () => timers.size,
    advance: async (ms) => {
      const until = elapsed + ms;
      await settle();
      for (let id = earliest(until); id !== undefined; id = earliest(until)) {
        const timer = timers.get(id);
        timers.delete(id);
        if (timer === undefined) continue;
        elapsed = timer.at;
        timer.callback();
        await settle();
      }
      elapsed = until;
    },
  };
}

/** setImmediate runs after every pending microtask, however long the chain. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
