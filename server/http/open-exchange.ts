import { isProblem, type Problem } from "../errors.ts";
import { httpProblems } from "./http-problems.ts";
import type { ConnectionContext } from "./connection-context.ts";
import { type ExchangeOwner, HttpExchange } from "./http-exchange.ts";
import { type Framing, framingOf, requestIdOf } from "./request/framing.ts";
import type { RequestHead } from "./request/parser.ts";
import { targetOf } from "./request/target.ts";

export interface OpenedExchange {
  readonly exchange: HttpExchange;
  /** Undefined: nobody can tell where the next request begins. */
  readonly framing: Framing | undefined;
  /** The layer answers by itself. */
  readonly refusal: Problem | undefined;
}

/** What a head asks for, before any handler sees it. */
export function openExchange(owner: ExchangeOwner, head: RequestHead, context: ConnectionContext): OpenedExchange {
  const framing = head.major === 1 ? framingOf(head) : httpProblems.unsupportedVersion(`${head.major}.${head.minor}`);
  const target = targetOf(head.method, head.target);
  const id = (isProblem(framing) ? requestIdOf(head) : framing.requestId) ?? context.newRequestId();
  const place = isProblem(target) ? { path: head.target, query: "" } : target;
  const exchange = new HttpExchange(owner, head, place, id, context.now());
  if (isProblem(framing)) return { exchange, framing: undefined, refusal: framing };
  const refusal = isProblem(target) ? target : undefined;
  // What follows CONNECT would have been for the other end of the tunnel.
  return { exchange, framing: head.method === "CONNECT" ? undefined : framing, refusal };
}
