import type { IncomingHttpHeaders } from "node:http2";
import type { CallReport } from "../grpc/http2/call.ts";
import { statusNames } from "../grpc/status.ts";
import type { Attribute, TracedRequest } from "./span.ts";
import { readTraceContext, type TraceContext } from "./trace-context.ts";
import { serverOf } from "./traced-http.ts";

/** Those that the conventions call errors of a server. */
const errorNames: ReadonlySet<string> = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

/** A gRPC call by OpenTelemetry's semantic conventions ("RPC server span", "gRPC", stable since 1.45). */
export function tracedCall({ method, code, seconds, id, headers, marks }: CallReport, ended: number): TracedRequest {
  const isKnown = method !== "unknown";
  const status = statusNames[code] ?? String(code);
  const isError = errorNames.has(status);
  const attributes: Attribute[] = [
    ["rpc.system.name", "grpc"],
    ["rpc.method", isKnown ? method : "_OTHER"],
    ["rpc.response.status_code", status],
    ["slipway.request.id", id],
  ];
  if (isError) attributes.push(["error.type", status]);
  const authority = headers[":authority"];
  if (authority !== undefined) attributes.push(...serverOf(authority));
  return {
    name: isKnown ? method : "grpc",
    started: ended - seconds * 1000,
    ended,
    parent: parentOf(headers),
    attributes,
    marks,
    isError,
  };
}

/** Of the metadata of a call, which has the headers of HTTP. */
export function parentOf(headers: IncomingHttpHeaders): TraceContext | undefined {
  return readTraceContext(single(headers["traceparent"]), joined(headers["tracestate"]));
}

/** Sent twice, it is malformed. */
function single(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(",") : value;
}
