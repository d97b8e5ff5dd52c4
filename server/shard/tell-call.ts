import type { CallReport } from "../grpc/http2/call.ts";
import { parentOf, tracedCall } from "../trace/traced-call.ts";
import type { AppOptions } from "./app-options.ts";

/**
 * Counts, traces and logs a gRPC call as a request: its route is the method, its code that of gRPC (0: OK), whose own
 * faults are UNKNOWN, INTERNAL and DATA_LOSS.
 */
export function tellCall(
  { metrics, recent, log, tracer, now }: Pick<AppOptions, "metrics" | "recent" | "log" | "tracer" | "now">,
  report: CallReport,
): void {
  const { method, code, seconds, id } = report;
  metrics.answered(method, code, seconds);
  recent.add(method, code, seconds);
  if (tracer !== undefined && !isProbe(method)) tracer.record(tracedCall(report, now()));
  const level = ownFaults.includes(code) ? "error" : "debug";
  if (!log.isLevelEnabled(level)) return;
  const trace = parentOf(report.headers);
  log[level](
    { requestId: id, ...(trace && { trace_id: trace.traceId }), route: method, status: code, seconds },
    "request",
  );
}

const ownFaults: readonly number[] = [2, 13, 15];

/** Every few seconds, from a kubelet or a load balancer: nobody looks for these. */
function isProbe(method: string): boolean {
  return (
    method.startsWith("grpc.health.v1.Health/") || method.endsWith("/ServerLive") || method.endsWith("/ServerReady")
  );
}
