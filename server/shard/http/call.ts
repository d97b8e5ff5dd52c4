import { paths } from "../../contract.ts";
import type { Exchange } from "../../http/handler.ts";
import type { Ticket } from "../memory-budget.ts";

/** One request from its head to the end of its answer. */
export interface Call {
  readonly exchange: Exchange;
  /** Template of the path, for metrics and logs. */
  readonly route: string;
  /** Memory that it holds. */
  readonly ticket: Ticket;
  /** Called with the whole body, where the route takes one. */
  whole?: (body: Uint8Array) => void;
}

/** The kubelet asks every second: "not yet" is its answer, not an error of the server's. */
export function isProbe({ route }: Call): boolean {
  return route === paths.ready || route === paths.live;
}
