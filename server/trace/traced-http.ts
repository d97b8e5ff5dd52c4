import type { Exchange } from "../http/handler.ts";
import type { Attribute, Mark, TracedRequest } from "./span.ts";
import { readTraceContext } from "./trace-context.ts";

export interface HttpFacts {
  readonly exchange: Exchange;
  /** Template of the path; undefined: there is none of that kind. */
  readonly route: string | undefined;
  /** Undefined: the client went before it had its answer. */
  readonly status: number | undefined;
  readonly ended: number;
  readonly marks: readonly Mark[];
}

/** Methods that the conventions know; any other could be made up. */
const knownMethods: ReadonlySet<string> = new Set([
  "CONNECT",
  "DELETE",
  "GET",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "POST",
  "PUT",
  "TRACE",
]);
/** A client may send 16 KiB of each. */
const textCharacters = 256;

/**
 * An HTTP request by OpenTelemetry's semantic conventions ("HTTP server span", stable). The query is left out: nothing
 * here reads one, and it may hold what is nobody's business.
 */
export function tracedHttp({ exchange, route, status, ended, marks }: HttpFacts): TracedRequest {
  const isKnown = knownMethods.has(exchange.method);
  const method = isKnown ? exchange.method : "HTTP";
  const isError = status !== undefined && status >= 500;
  const attributes: Attribute[] = [
    ["http.request.method", isKnown ? exchange.method : "_OTHER"],
    ["url.scheme", exchange.header("x-forwarded-proto") === "https" ? "https" : "http"],
    ["url.path", exchange.path.slice(0, textCharacters)],
    ["slipway.request.id", exchange.id],
  ];
  if (!isKnown) attributes.push(["http.request.method_original", exchange.method]);
  if (route !== undefined) attributes.push(["http.route", route]);
  if (status !== undefined) attributes.push(["http.response.status_code", status]);
  if (isError) attributes.push(["error.type", String(status)]);
  const host = exchange.header("host");
  if (host !== undefined) attributes.push(...serverOf(host));
  const agent = exchange.header("user-agent");
  if (agent !== undefined) attributes.push(["user_agent.original", agent.slice(0, textCharacters)]);
  return {
    name: route === undefined ? method : `${method} ${route}`,
    started: exchange.started,
    ended,
    parent: readTraceContext(exchange.header("traceparent"), exchange.header("tracestate")),
    attributes,
    marks,
    isError,
  };
}

/** Of the header `host`, which has the port where it is not the scheme's own. */
export function serverOf(host: string): readonly Attribute[] {
  const [, name, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(host.slice(0, textCharacters)) ?? [];
  if (name === undefined || name === "") return [];
  const address: Attribute = ["server.address", name];
  return port === undefined ? [address] : [address, ["server.port", Number(port)]];
}
