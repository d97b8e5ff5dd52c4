import type { FetchLog } from "./log.ts";

/** Rare enough for a log that is kept, often enough to see a slow download move. */
const intervalMilliseconds = 5_000;

/** Logs how much has arrived, at most every five seconds. `now` in milliseconds, from any origin. */
export function createProgress(log: FetchLog, now: () => number): (bytes: number) => void {
  const started = now();
  let total = 0;
  let logged = started;
  return (bytes) => {
    total += bytes;
    const moment = now();
    if (moment - logged < intervalMilliseconds) return;
    logged = moment;
    log.info({ bytes: total, elapsedSeconds: Math.round((moment - started) / 100) / 10 }, "downloading");
  };
}
