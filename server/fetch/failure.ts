import { type FailureReason, failureReasons } from "../contract.ts";

/**
 * The one error that the fetch step throws on purpose: a reason of the contract and a message for people. `retry` is
 * present when the same request may succeed a moment later; `afterMilliseconds` is what the other side asked for.
 */
export interface Failure extends Error {
  readonly reason: FailureReason;
  readonly retry?: { readonly afterMilliseconds?: number };
}

export function failure(reason: FailureReason, message: string, retry?: Failure["retry"]): Failure {
  const error = Object.assign(new Error(message), { reason, ...(retry === undefined ? {} : { retry }) });
  error.name = reason;
  return error;
}

export function isFailure(error: unknown): error is Failure {
  // OpenSSL's errors have a `reason` too, in its own words.
  if (!(error instanceof Error) || !("reason" in error) || typeof error.reason !== "string") return false;
  return Object.hasOwn(failureReasons, error.reason);
}

/**
 * Whether the source refused what it was asked for, and will again. What may pass has been tried again before it is
 * thrown, and says nothing of what was asked for.
 */
export function isRefusal(error: unknown): error is Failure {
  if (!isFailure(error) || error.retry !== undefined) return false;
  return ["NotFound", "Unauthorized", "SourceUnavailable"].includes(error.reason);
}

/** Code of a Node.js or undici error (`ENOSPC`, `UND_ERR_SOCKET`), also when it is wrapped in another error. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  return errorCode(error.cause);
}

/**
 * Whatever was thrown, as a failure to report. The text of an unforeseen error can hold paths of the pod, so it stays
 * in the log, and the report names its code alone.
 */
export function toFailure(error: unknown): Failure {
  if (isFailure(error)) return error;
  const code = errorCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return failure("OutOfDisk", "The node's disk has no room for the model. Free space, or schedule on larger nodes.");
  }
  if (code === "EACCES" || code === "EROFS" || code === "EPERM") {
    return failure("InvalidConfiguration", `The model directory cannot be written (${code}). Mount a writable volume.`);
  }
  const what = code === "" ? (error instanceof Error ? error.name : typeof error) : code;
  return failure("Crashed", `The download step met an error that it does not know (${what}); its log has the details.`);
}
