import { ApiError, type StatusCause, TransportError } from "./errors.ts";
import type { Answer } from "./exchange.ts";

/** metav1.Status as far as it is of use; every field may be missing when a proxy answered instead of the API server. */
interface Status {
  readonly kind?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly code?: number;
  readonly details?: { readonly causes?: readonly StatusCause[]; readonly retryAfterSeconds?: number };
}

/** Some proxies answer with a page of HTML; its beginning is enough to recognise it. */
const quotedCharacters = 200;

export function apiErrorOf(answer: Answer, method: string, path: string): ApiError {
  const status = statusOf(answer.body);
  return new ApiError({
    status: answer.status,
    reason: status?.reason ?? reasons.get(answer.status) ?? "Unknown",
    message: `${method} ${path}: ${answer.status} ${status?.message ?? answer.body.slice(0, quotedCharacters)}`,
    causes: status?.details?.causes ?? [],
    retryAfterSeconds: answer.retryAfterSeconds ?? status?.details?.retryAfterSeconds,
  });
}

/** The object of a watch's ERROR event: a Status without an HTTP answer around it. */
export function apiErrorOfEvent(object: unknown, path: string): ApiError {
  const status = (object ?? {}) as Status;
  return new ApiError({
    status: status.code ?? 500,
    reason: status.reason ?? "Unknown",
    message: `watch ${path}: ${status.code ?? "error"} ${status.message ?? ""}`,
    causes: status.details?.causes ?? [],
    retryAfterSeconds: status.details?.retryAfterSeconds,
  });
}

export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const message = `${path}: the answer is not JSON: ${text.slice(0, quotedCharacters)}`;
    throw new TransportError("NotJson", message, { cause });
  }
}

function statusOf(body: string): Status | undefined {
  try {
    const parsed = JSON.parse(body) as Status | null;
    return parsed?.kind === "Status" ? parsed : undefined;
  } catch {
    return undefined; // not a Status: the caller quotes the body instead
  }
}

/** Used when the answer carries no Status, e.g. plain text of API Priority and Fairness. */
const reasons: ReadonlyMap<number, string> = new Map([
  [400, "BadRequest"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "NotFound"],
  [409, "Conflict"],
  [410, "Expired"],
  [429, "TooManyRequests"],
  [500, "InternalError"],
  [503, "ServiceUnavailable"],
  [504, "Timeout"],
]);
