import { errorCode, type Failure, failure, isFailure } from "../../server/fetch/failure.ts";
import { connectionProblem } from "../../server/fetch/http/connection-problem.ts";
import type { FetchLimits } from "../../server/fetch/limits.ts";

const tlsMistakes = ["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "EPROTO"];

/** A registry that cannot be spoken to. Everything but names, certificates and TLS is worth another try. */
export function connectionFailure(
  error: unknown,
  host: string,
  limits: Pick<FetchLimits, "idleMilliseconds">,
): Failure {
  if (isFailure(error)) return error;
  const code = errorCode(error);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return failure("NotFound", `there is no host ${host}: check the name in the uri`);
  }
  if (code.startsWith("CERT_") || code.includes("SELF_SIGNED") || /ISSUER_CERT|LEAF_SIGNATURE|ALTNAME/.test(code)) {
    return failure(
      "SourceUnavailable",
      `the certificate of ${host} is not trusted (${code}): give its certificate authority with --ca FILE`,
    );
  }
  if (tlsMistakes.includes(code)) {
    return failure("SourceUnavailable", `${host} does not speak TLS: use --plain-http if that is meant`);
  }
  const { isTimeout, isForGood, words } = connectionProblem(error, host, limits.idleMilliseconds);
  return failure(isTimeout ? "TimedOut" : "SourceUnavailable", words, isForGood ? undefined : {});
}

/** What came in place of the answer hoped for. */
interface RefusedAnswer {
  readonly status: number;
  readonly text: string;
  /** `host[:port]` that answered. */
  readonly host: string;
  /** It is not the registry, but who the registry led to. */
  readonly isElsewhere: boolean;
}

/** What the registry's own words are worth showing of: one line. */
const shownCharacters = 300;

/** An answer that is not the one hoped for. Busy and broken servers are asked again. */
export function answerFailure(
  { status, text, host, isElsewhere }: RefusedAnswer,
  what: string,
  { registry, whenRefused }: { readonly registry: string; readonly whenRefused: string },
): Failure {
  if ((status === 401 || status === 403) && isElsewhere) {
    return failure(
      "SourceUnavailable",
      `${host}, to which ${registry} sends ${what}, refuses it (status ${status}). No credentials were sent there: look at the storage behind ${registry}, and its clock`,
    );
  }
  if (status === 401 || status === 403) {
    return failure("Unauthorized", `${host} does not let you push ${what} (status ${status}). ${whenRefused}`);
  }
  if (status === 413) return failure("TooLarge", `${host} takes no ${what} of this size (status 413)`);
  const said = text.replaceAll(/\s+/g, " ").trim().slice(0, shownCharacters);
  const message = `${host} refused ${what} with status ${status}${said === "" ? "" : `: ${said}`}`;
  return status === 429 || status >= 500
    ? failure("SourceUnavailable", message, {})
    : failure("SourceUnavailable", message);
}
