import type { Problem } from "../../errors.ts";
import { requestIdPattern } from "../../request-id.ts";
import { httpProblems } from "../http-problems.ts";
import type { RequestHead } from "./parser.ts";

/** What the layer itself reads of a head: how long the body is, and what was asked before it. */
export interface Framing {
  /** Bytes on the wire; -1 when the body comes chunked. */
  readonly bodyBytes: number;
  readonly isContinueExpected: boolean;
  readonly contentEncoding: string;
  readonly requestId: string | undefined;
}

/** Said once or several times. */
const continuePattern = /^100-continue(?:, 100-continue)*$/i;

/**
 * RFC 9112 section 6. Node's parser has refused already: both lengths at once, two lengths, a length that is no number,
 * and a transfer-encoding whose last coding is not chunked.
 */
export function framingOf({ headers, minor }: RequestHead): Framing | Problem {
  let contentLength = 0;
  let transferEncoding: string | undefined;
  let expect: string | undefined;
  let contentEncoding = "";
  let requestId: string | undefined;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? "";
    const value = headers[index + 1] ?? "";
    // The length tells most others apart without a new string.
    switch (name.length) {
      case 6:
        if (name.toLowerCase() === "expect") expect = joined(expect, value);
        break;
      case 12:
        if (name.toLowerCase() === "x-request-id" && requestIdPattern.test(value)) requestId ??= value;
        break;
      case 14:
        if (name.toLowerCase() === "content-length") contentLength = Number(value);
        break;
      case 16:
        if (name.toLowerCase() === "content-encoding") contentEncoding = joined(contentEncoding || undefined, value);
        break;
      case 17:
        if (name.toLowerCase() === "transfer-encoding") transferEncoding = joined(transferEncoding, value);
        break;
      default:
        break;
    }
  }
  if (transferEncoding !== undefined && transferEncoding.toLowerCase() !== "chunked")
    return httpProblems.unknownTransferEncoding(transferEncoding);
  // HTTP/1.0 knows no expectations: RFC 9110 section 10.1.1.
  const isExpecting = expect !== undefined && minor > 0;
  if (isExpecting && !continuePattern.test(expect ?? "")) return httpProblems.unknownExpectation(expect ?? "");
  return {
    bodyBytes: transferEncoding === undefined ? contentLength : -1,
    isContinueExpected: isExpecting,
    contentEncoding,
    requestId,
  };
}

/** The client's request id alone, for the answer to a head whose framing was refused. */
export function requestIdOf({ headers }: RequestHead): string | undefined {
  const id = headerOf(headers, "x-request-id");
  return id !== undefined && requestIdPattern.test(id) ? id : undefined;
}

/** By lower-case name; repeated ones are joined. */
export function headerOf(headers: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  for (let index = 0; index < headers.length; index += 2) {
    const candidate = headers[index] ?? "";
    if (candidate.length === name.length && candidate.toLowerCase() === name)
      found = joined(found, headers[index + 1] ?? "");
  }
  return found;
}

function joined(earlier: string | undefined, value: string): string {
  return earlier === undefined ? value : `${earlier}, ${value}`;
}
