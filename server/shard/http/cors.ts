import { anyOrigin } from "../../cors-origins.ts";
import { type Problem, problems } from "../../errors.ts";
import type { Exchange, Reply } from "../../http/handler.ts";

/**
 * Cross-origin resource sharing, as the Fetch standard has it ("CORS protocol"): which pages of other origins may read
 * what the server answers. It keeps nobody from asking; and as the server knows no cookies, none are let through
 * (no `access-control-allow-credentials`).
 */
export interface Cors {
  /** What goes with every answer, errors included. The same objects again and again: nothing is made for a request. */
  readonly headers: (exchange: Exchange) => Readonly<Record<string, string>> | undefined;
  /** The answer to a browser that asks whether it may ask; undefined when this request is none such. */
  readonly preflight: (exchange: Exchange) => Reply | Problem | undefined;
}

/** Those of any client here; what else a gateway wants to see is a gateway's to allow. */
const requestHeaders = [
  "accept",
  "authorization",
  "content-encoding",
  "content-type",
  "inference-header-content-length",
  "traceparent",
  "tracestate",
  "x-request-id",
].join(", ");
/** Beside those that every page may read. */
const responseHeaders = "inference-header-content-length, x-request-id, retry-after, allow";
/** Two hours, the most that Chrome keeps it. */
const maximumAgeSeconds = 7200;

/** `origins` as `readCorsOrigins` gives them; without any, pages of other origins are told that they may not. */
export function createCors(origins: readonly string[]): Cors {
  const allowed = new Set(origins);
  const isAny = allowed.has(anyOrigin);
  /** By origin, made once: a list is short. */
  const granted = new Map(
    origins.map((origin) => [
      origin,
      {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": responseHeaders,
        ...(isAny ? {} : { vary: "origin" }),
      },
    ]),
  );
  // What is cached of an answer to one origin, or to none, must not be given to another one.
  const ungranted = isAny || origins.length === 0 ? undefined : { vary: "origin" };

  const headersFor = (origin: string | undefined): Readonly<Record<string, string>> | undefined => {
    if (isAny) return granted.get(anyOrigin);
    return (origin === undefined ? undefined : granted.get(origin)) ?? ungranted;
  };

  return {
    headers: (exchange) => (origins.length === 0 ? undefined : headersFor(exchange.header("origin"))),
    preflight(exchange) {
      if (exchange.method !== "OPTIONS") return undefined;
      const origin = exchange.header("origin");
      if (origin === undefined || exchange.header("access-control-request-method") === undefined) return undefined;
      if (!isAny && !allowed.has(origin)) return problems.originNotAllowed(origin);
      return {
        status: 204,
        headers: {
          "access-control-allow-methods": "GET, HEAD, POST",
          "access-control-allow-headers": requestHeaders,
          "access-control-max-age": String(maximumAgeSeconds),
        },
        parts: [],
      };
    },
  };
}
