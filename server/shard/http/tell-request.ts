import type { AppOptions } from "../app-options.ts";
import { type Call, isProbe } from "./call.ts";
import { createLineRate } from "./line-rate.ts";

/** nginx's code for a client that went away before the answer: in metrics and logs only. */
export const clientGone = 499;

/** Counts and logs a request that is over. */
export function createTellRequest({
  metrics,
  recent,
  log,
  now,
}: Pick<AppOptions, "metrics" | "recent" | "log" | "now">): (call: Call, status: number) => void {
  const mayTellMistake = createLineRate(now);
  return (call, status) => {
    const { exchange, route } = call;
    const seconds = (now() - exchange.started) / 1000;
    metrics.answered(route, status, seconds);
    recent.add(route, status, seconds);
    const level = levelOf(call, status);
    if (!log.isLevelEnabled(level) || (level === "info" && !mayTellMistake())) return;
    log[level]({ requestId: exchange.id, method: exchange.method, route, status, seconds }, "request");
  };
}

function levelOf(call: Call, status: number): "debug" | "info" | "error" {
  if (isProbe(call) || status < 400) return "debug";
  return status < 500 ? "info" : "error";
}
