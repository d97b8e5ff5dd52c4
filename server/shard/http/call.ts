import { paths } from "../../contract.ts";
import type { Exchange } from "../../http/handler.ts";
import type { Mark } from "../../trace/span.ts";
import { readTraceContext } from "../../trace/trace-context.ts";
import type { Ticket } from "../memory-budget.ts";

/** One request from its head to the end of its answer. */
export interface Call {
  readonly exchange: Exchange;
  /** Template of the path, for metrics and logs. */
  readonly route: string;
  /** Memory that it holds. */
  readonly ticket: Ticket;
  /** Its moments; undefined where nobody traces. */
  readonly marks: Mark[] | undefined;
  /**
   * Called with the whole body, where the route takes one. Assigned by way of a variable: a function literal that is assigned
   * to a property is made in V8's old generation, and holds all that it sees (ADR 15).
   */
  whole?: (body: Uint8Array) => void;
}

/** The kubelet asks every second: "not yet" is its answer, not an error of the server's. */
export function isProbe({ route }: Call): boolean {
  return route === paths.ready || route === paths.live;
}

/** For log lines: by the request, and by the trace that it is part of, as OpenTelemetry has it for logs in JSON. */
export function idsOf({ exchange }: Call): { readonly requestId: string; readonly trace_id?: string } {
  const context = readTraceContext(exchange.header("traceparent"), undefined);
  return context === undefined ? { requestId: exchange.id } : { requestId: exchange.id, trace_id: context.traceId };
}
