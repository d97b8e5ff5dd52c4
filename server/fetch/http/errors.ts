import type { IncomingHttpHeaders } from "undici/types/header.js";
import { errorCode, type Failure, failure, isFailure } from "../failure.ts";
import type { FetchLimits } from "../limits.ts";
import { connectErrorOf } from "./connect.ts";
import { connectionProblem, isNoTls } from "./connection-problem.ts";

const certificateProblems: readonly string[] = [
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];

/** Whether a server answered a TLS handshake with something else. */
export function isPlainHttp(error: unknown): boolean {
  if (connectErrorOf(error)?.isToProxy === true) return false;
  return isNoTls(errorCode(error));
}

/** A connection that failed or broke, as a failure. All are worth another try but those of certificates. */
export function transportFailure(error: unknown, host: string, limits: FetchLimits): Failure {
  if (isFailure(error)) return error;
  const code = errorCode(error);
  const connecting = connectErrorOf(error);
  const whose = connecting?.isToProxy === true ? `the proxy before ${host}` : host;
  if (certificateProblems.includes(connecting?.code ?? code)) {
    return failure(
      "SourceUnavailable",
      `The certificate of ${whose} is not trusted (${connecting?.code ?? code}). Give its certificate authority to the chart (registries.certificateAuthority), and then set a new spec.restartToken.`,
    );
  }
  const { isTimeout, isForGood, words } = connectionProblem(error, host, limits.idleMilliseconds);
  return failure(isTimeout ? "TimedOut" : "SourceUnavailable", `${words}.`, isForGood ? undefined : {});
}

/** What a status means to the user of one kind of source. */
export interface StatusMeaning {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly host: string;
  /** Who led there, when the answer is not from whom was asked. */
  readonly redirectedBy: string | undefined;
  /** What was asked for; without query, which may hold a signature. */
  readonly what: string;
  /** What to do when it is not there. */
  readonly whenMissing: string;
  /** Who refuses what to whom, without a full stop. */
  readonly refused: string;
  /** What to do when it is refused. */
  readonly whenRefused: string;
}

/** A status that is not the one hoped for, as a failure. */
export function statusFailure(meaning: StatusMeaning): Failure {
  const { status, headers, host, redirectedBy, what, whenMissing, refused, whenRefused } = meaning;
  if (redirectedBy !== undefined) return redirectedFailure(meaning, redirectedBy);
  if (status === 404 || status === 410) return failure("NotFound", `${host} has no ${what}. ${whenMissing}`);
  if (status === 401 || status === 403) return failure("Unauthorized", `${refused} (status ${status}). ${whenRefused}`);
  const message = `${host} answered with status ${status} for ${what}.`;
  if (!isWorthAnotherTry(status)) return failure("SourceUnavailable", message);
  return failure("SourceUnavailable", message, retryAfter(headers["retry-after"]));
}

/**
 * The host that a redirect names has not the user's credentials and is none of the user's choice: neither is to blame.
 * Its refusal is worth another try, as who redirects signs a new address each time.
 */
function redirectedFailure({ status, headers, host, what }: StatusMeaning, redirectedBy: string): Failure {
  const who = `${host}, to which ${redirectedBy} redirects for ${what},`;
  if (status === 404 || status === 410) {
    return failure("NotFound", `${who} does not have it. Check the storage behind ${redirectedBy}.`);
  }
  if (status === 401 || status === 403) {
    return failure(
      "SourceUnavailable",
      `${who} refuses it (status ${status}). No credentials were sent there. Check the storage behind ${redirectedBy}, and its clock.`,
      {},
    );
  }
  const message = `${who} answered with status ${status}.`;
  if (!isWorthAnotherTry(status)) return failure("SourceUnavailable", message);
  return failure("SourceUnavailable", message, retryAfter(headers["retry-after"]));
}

/** 501 says that the server does not know how, which waiting does not teach it (RFC 9110 §15.6.2). */
function isWorthAnotherTry(status: number): boolean {
  return [408, 416, 429].includes(status) || (status >= 500 && status !== 501);
}

/** Seconds or a date (RFC 9110 §10.2.3); a date is not honoured, the usual wait applies. */
function retryAfter(header: string | string[] | undefined): { readonly afterMilliseconds?: number } {
  return typeof header === "string" && /^\d{1,6}$/.test(header) ? { afterMilliseconds: Number(header) * 1000 } : {};
}
