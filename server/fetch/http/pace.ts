import { failure } from "../failure.ts";
import type { FetchLimits } from "../limits.ts";

/**
 * Judges how fast a body arrives: told of every piece, it throws `TimedOut` once a whole idle time has brought less than
 * the minimum rate. Silence is not its matter, as it is only called when something comes. `now` in milliseconds.
 */
export function createPace(host: string, limits: FetchLimits, now: () => number): (bytes: number) => void {
  const { idleMilliseconds: window, minimumBytesPerSecond: rate } = limits;
  let since = now();
  let arrived = 0;
  return (bytes) => {
    arrived += bytes;
    const elapsed = now() - since;
    if (elapsed < window) return;
    if (arrived < (rate * elapsed) / 1000) {
      throw failure(
        "TimedOut",
        `${host} sent ${arrived} bytes in ${Math.round(elapsed / 100) / 10} s, less than the ${rate} bytes/s at least that are waited for.`,
        {},
      );
    }
    since += elapsed;
    arrived = 0;
  };
}
