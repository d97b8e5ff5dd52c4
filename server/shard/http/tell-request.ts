import { tracedHttp } from "../../trace/traced-http.ts";
import type { AppOptions } from "../app-options.ts";
import { type Call, idsOf, isProbe } from "./call.ts";
import { createLineRate } from "./line-rate.ts";

/** nginx's code for a client that went away before the answer: in metrics and logs only. */
export const clientGone = 499;

/** Counts and logs a request that is over. */
export function createTellRequest({
  metrics,
  recent,
  log,
  now,
  tracer,
}: Pick<AppOptions, "metrics" | "recent" | "log" | "now" | "tracer">): (call: Call, status: number) => void {
  const mayTellMistake = createLineRate(now);
  return (call, status) => {
    const { exchange, route } = call;
    const ended = now();
    const seconds = (ended - exchange.started) / 1000;
    metrics.answered(route, status, seconds);
    recent.add(route, status, seconds);
    if (tracer !== undefined && !isProbe(call)) {
      const facts = {
        exchange,
        route: noRoutes.has(route) ? undefined : route,
        status: status === clientGone ? undefined : status,
      };
      tracer.record(tracedHttp({ ...facts, ended, marks: call.marks ?? [] }));
    }
    const level = levelOf(call, status);
    if (!log.isLevelEnabled(level) || (level === "info" && !mayTellMistake())) return;
    log[level]({ ...idsOf(call), method: exchange.method, route, status, seconds }, "request");
  };
}

/** What stands in their place in metrics. */
const noRoutes: ReadonlySet<string> = new Set(["unknown", "preflight"]);

function levelOf(call: Call, status: number): "debug" | "info" | "error" {
  if (isProbe(call) || status < 400) return "debug";
  return status < 500 ? "info" : "error";
}
