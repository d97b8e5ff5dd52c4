/** The API server answered with an error: its Status object, or what an answer without one allows to say. */
export class ApiError extends Error {
  readonly status: number;
  /** metav1.StatusReason in CamelCase, e.g. `NotFound`, `Conflict`, `Expired`; `Unknown` when the server gave none. */
  readonly reason: string;
  /** Field, reason and message of each cause, as the server gave them; empty when it gave none. */
  readonly causes: readonly StatusCause[];
  readonly retryAfterSeconds?: number;

  constructor(fields: {
    readonly status: number;
    readonly reason: string;
    readonly message: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number | undefined;
  }) {
    super(fields.message);
    this.name = "ApiError";
    this.status = fields.status;
    this.reason = fields.reason;
    this.causes = fields.causes ?? [];
    if (fields.retryAfterSeconds !== undefined) this.retryAfterSeconds = fields.retryAfterSeconds;
  }
}

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** No answer, or none that could be understood. Whether a write was done is unknown. */
export class TransportError extends Error {
  /** Code of the socket or HTTP client (`ECONNRESET`, `UND_ERR_SOCKET`), or `Timeout`, `TooLarge`, `NotJson`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TransportError";
    this.code = code;
  }
}

/** A write was refused locally because this process no longer holds the lease. Nothing was sent. */
export class LostLeaseError extends Error {
  constructor(message = "not written: this process does not hold a valid lease; the leader will do it") {
    super(message);
    this.name = "LostLeaseError";
  }
}

/**
 * What to do after an error:
 * - `retry`: try again with the key's growing backoff;
 * - `wait`: try again after `afterMs`, no backoff (the server or the situation names the time);
 * - `stall`: the same request can only fail again until a person changes something; looked at again after
 *   `afterMs`, as the change may be one we do not watch (a role, an admission policy).
 */
export type Reaction =
  | { readonly kind: "retry" }
  | { readonly kind: "wait"; readonly afterMs: number }
  | { readonly kind: "stall"; readonly afterMs: number };

/** A role binding or policy is usually fixed within minutes; asking more often only adds load and log lines. */
const stallRecheckMs = 300_000;
/** Deleting a namespace takes seconds to minutes; its contents go with it, so there is no hurry. */
const terminatingNamespaceMs = 10_000;
/** Without a hint from a busy server: what kube-apiserver itself sends with 429. */
export const busyServerMs = 1_000;
/** A lost lease ends the workers; the delay only matters when the same process is elected again. */
const lostLeaseMs = 2_000;

/** The one table from error to reaction. */
export function classify(error: unknown): Reaction {
  if (error instanceof LostLeaseError) return { kind: "wait", afterMs: lostLeaseMs };
  if (!(error instanceof ApiError)) return { kind: "retry" };
  const retryAfterMs = error.retryAfterSeconds === undefined ? undefined : error.retryAfterSeconds * 1000;
  switch (error.status) {
    case 429: // API Priority and Fairness, or an eviction that a budget forbids for now
    case 503:
      return { kind: "wait", afterMs: retryAfterMs ?? busyServerMs };
    case 403: // a role is missing or an admission policy says no; unless the namespace is being deleted
      return isNamespaceTerminating(error)
        ? { kind: "wait", afterMs: terminatingNamespaceMs }
        : { kind: "stall", afterMs: stallRecheckMs };
    case 400: // BadRequest
    case 405: // MethodNotAllowed
    case 406: // NotAcceptable
    case 413: // RequestEntityTooLarge
    case 415: // UnsupportedMediaType
    case 422: // Invalid: the schema, a CEL rule or an immutable field
      return { kind: "stall", afterMs: stallRecheckMs };
    // 401 an expired token is read again; 404 and 409 the cache is behind; 410 the list is taken again;
    // 500, 502 and 504 the server may be better next time.
    default:
      return retryAfterMs === undefined ? { kind: "retry" } : { kind: "wait", afterMs: retryAfterMs };
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** A resourceVersion or uid precondition failed, or another field manager owns a field. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409 && error.reason === "Conflict";
}

export function isAlreadyExists(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409 && error.reason === "AlreadyExists";
}

/** The resourceVersion or continue token is too old: list again. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 410 || error.reason === "Expired");
}

/** Something is being created in a namespace that is going away. */
function isNamespaceTerminating(error: unknown): boolean {
  return error instanceof ApiError && error.causes.some((cause) => cause.reason === "NamespaceTerminating");
}

/**
 * After this error a watch cannot go on, as its place in the stream is lost: compacted away (410), refused (400), of a kind that is not served any more (404: a
 * CRD was deleted), ahead of a server whose etcd was restored from a backup, or at an event that this side cannot
 * read and would meet again.
 */
export function mustListAgain(error: unknown): boolean {
  if (isGone(error)) return true;
  if (error instanceof ApiError) {
    return (
      error.status === 400 ||
      error.status === 404 ||
      error.causes.some((cause) => cause.reason === "ResourceVersionTooLarge")
    );
  }
  return error instanceof TransportError && unreadable.has(error.code);
}

const unreadable = new Set(["NotJson", "NotAnObject", "TooLarge"]);
