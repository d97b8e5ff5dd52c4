import type { AppOptions } from "./app-options.ts";

/**
 * Counts and logs a gRPC call as a request: its route is the method, its code that of gRPC (0: OK), whose own faults are
 * UNKNOWN, INTERNAL and DATA_LOSS.
 */
export function tellCall(
  { metrics, recent, log }: Pick<AppOptions, "metrics" | "recent" | "log">,
  method: string,
  code: number,
  seconds: number,
  requestId: string,
): void {
  metrics.answered(method, code, seconds);
  recent.add(method, code, seconds);
  const level = ownFaults.includes(code) ? "error" : "debug";
  if (log.isLevelEnabled(level)) log[level]({ requestId, route: method, status: code, seconds }, "request");
}

const ownFaults: readonly number[] = [2, 13, 15];
