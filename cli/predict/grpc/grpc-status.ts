import type { IncomingHttpHeaders } from "node:http2";
import { statusCodes, statusNames } from "../../../server/grpc/status.ts";
import { failed } from "../../complaint.ts";

/** How a call ended that did not end well. */
export interface GrpcStatus extends Error {
  readonly grpcCode: number;
}

/**
 * The status of an answer; undefined: OK. A call that was refused before it began has it in its headers. What is no
 * answer of gRPC at all is a complaint: mostly a proxy's page.
 */
export function statusFrom(
  headers: IncomingHttpHeaders,
  trailers: IncomingHttpHeaders,
  shown: string,
): Error | undefined {
  const given = trailers["grpc-status"] ?? headers["grpc-status"];
  const code = typeof given === "string" && /^\d{1,2}$/.test(given) ? Number(given) : undefined;
  if (code === undefined) {
    return failed(
      `${shown} answered with status ${String(headers[":status"])} and not as gRPC does: what is in between?`,
    );
  }
  if (code === statusCodes.ok) return undefined;
  const message = String(trailers["grpc-message"] ?? headers["grpc-message"] ?? "");
  return Object.assign(new Error(decoded(message)), { grpcCode: code });
}

export function isGrpcStatus(error: unknown): error is GrpcStatus {
  return error instanceof Error && "grpcCode" in error;
}

/** The complaint about a status: the server's words, and what to do where they do not say. */
export function statusComplaint({ grpcCode, message }: GrpcStatus, shown: string): Error {
  const status = statusNames[grpcCode] ?? `status ${grpcCode}`;
  const words = message === "" ? "no reason was given" : message;
  if (grpcCode === statusCodes.unimplemented) {
    return failed(
      `${shown} speaks gRPC, but no inference.GRPCInferenceService (${status}): ${words}. Is it the model's server?`,
    );
  }
  if (grpcCode === statusCodes.deadlineExceeded) {
    return failed(`${shown} did not answer in time (${status}): ${words}. --timeout SECONDS gives it longer`);
  }
  if (grpcCode === statusCodes.unavailable) return failed(`${shown} cannot be asked now (${status}): ${words}`);
  return failed(`${shown} refused the request (${status}): ${words}`);
}

/** Status-Message is percent-encoded; what is not is shown as it came. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
