import type { IncomingHttpHeaders } from "node:http2";
import { isProblem, type Problem, problems } from "../../errors.ts";
import { requestIdPattern } from "../../request-id.ts";
import { grpcProblems } from "../grpc-problems.ts";
import { readTimeout } from "../timeout.ts";
import { isMessageEncoding, type MessageEncoding } from "./inflate.ts";

/** What the head of a call says. */
export interface CallHead {
  readonly path: string;
  readonly encoding: MessageEncoding | "identity";
  /** Milliseconds. */
  readonly timeout: number | undefined;
}

/** A problem with `status` 405 or 415 is answered as HTTP has it: who sent it speaks no gRPC. */
export function readCallHead(headers: IncomingHttpHeaders): CallHead | Problem {
  const method = headers[":method"] ?? "";
  const contentType = headers["content-type"];
  if (contentType !== "application/grpc" && !isGrpc(contentType)) return grpcProblems.notGrpc(contentType);
  if (method !== "POST") return problems.methodNotAllowed(method, "POST");
  const path = headers[":path"] ?? "";

  const encoding = single(headers["grpc-encoding"]) ?? "identity";
  if (encoding !== "identity" && !isMessageEncoding(encoding)) {
    return grpcProblems.unsupportedMessageEncoding(encoding);
  }
  const value = single(headers["grpc-timeout"]);
  const timeout = value === undefined ? undefined : readTimeout(value);
  return isProblem(timeout) ? timeout : { path, encoding, timeout };
}

/** The client's own id of the call, if it is fit to be repeated. */
export function givenRequestId(headers: IncomingHttpHeaders): string | undefined {
  const given = single(headers["x-request-id"]);
  return given !== undefined && requestIdPattern.test(given) ? given : undefined;
}

/** Media types are told apart without regard to case (RFC 9110, 8.3.1), and may have parameters. */
function isGrpc(contentType: string | undefined): boolean {
  const [type = ""] = (contentType ?? "").toLowerCase().split(";", 1);
  return type.trim() === "application/grpc" || type.trim() === "application/grpc+proto";
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0];
}
