import { errorCode } from "../failure.ts";
import { type ConnectError, connectErrorOf } from "./connect.ts";
import { type ProxyRefusal, proxyRefusalOf } from "./proxy-refusal.ts";

/** What became of a connection, for a message. */
export interface ConnectionProblem {
  /** A time ran out, be it in connecting or in waiting for an answer. */
  readonly isTimeout: boolean;
  /** It can only happen again, until somebody changes a setting. */
  readonly isForGood: boolean;
  /** Who did what, and what to do where that is known, without a full stop. A time in it has passed. */
  readonly words: string;
}

/**
 * `host`: for messages, with the proxy before it. `idleMilliseconds`: what each step was waited for: TLS behind a proxy,
 * an answer's header, and each piece of its body.
 */
export function connectionProblem(error: unknown, host: string, idleMilliseconds: number): ConnectionProblem {
  const refusal = proxyRefusalOf(error);
  if (refusal !== undefined) return proxyProblem(refusal, host);
  const connecting = connectErrorOf(error);
  if (connecting !== undefined) return connectProblem(connecting, host);
  const code = errorCode(error);
  const told = { isTimeout: true, isForGood: false };
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT") {
    return { ...told, words: `${host} sent nothing for ${seconds(idleMilliseconds)}` };
  }
  if (code === "UND_ERR_CONNECT_TIMEOUT") {
    return { ...told, words: `${host} did not answer by TLS within ${seconds(idleMilliseconds)}` };
  }
  return { isTimeout: false, isForGood: false, words: `${host} cut the connection${code === "" ? "" : ` (${code})`}` };
}

/** Whether a TLS handshake was answered with something else. */
export function isNoTls(code: string): boolean {
  return ["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"].includes(code);
}

function connectProblem(error: ConnectError, host: string): ConnectionProblem {
  const { code, milliseconds, attempts, isToProxy } = error;
  const isTimeout = code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT";
  const within = isTimeout ? ` within ${seconds(milliseconds)}` : ` (${code === "" ? "connection closed" : code})`;
  const problem = { isTimeout, isForGood: false };
  if (isToProxy && isNoTls(code)) {
    const words = `${host} cannot be reached: the proxy does not speak TLS (${code}): write http://HOST:PORT`;
    return { ...problem, isForGood: true, words };
  }
  if (attempts.length > 1) {
    const each = attempts.map(({ address, code: why }) => `${address} (${why === "ETIMEDOUT" ? "timed out" : why})`);
    const to = `${isToProxy ? "the proxy at " : ""}${each.join(", ")}`;
    return { ...problem, words: `${host} cannot be reached: no connection to ${to}${isTimeout ? within : ""}` };
  }
  if (isToProxy) return { ...problem, words: `${host} cannot be reached: no connection to the proxy${within}` };
  return { ...problem, words: `${host} cannot be reached${isTimeout ? ": no connection" : ""}${within}` };
}

function proxyProblem(refusal: ProxyRefusal, host: string): ConnectionProblem {
  const { proxyStatus: status } = refusal;
  const words = `${host} cannot be reached: the proxy answered with status ${status}`;
  // A proxy that has no way to a host, or is busy, may have one a moment later.
  if (status >= 500 || status === 429) return { isTimeout: false, isForGood: false, words };
  const advice = status === 407 ? identityAdvice(refusal) : "it refuses the host";
  return { isTimeout: false, isForGood: true, words: `${words}, ${advice}` };
}

/** What a proxy wants that asks who is there. */
function identityAdvice({ schemes, isIdentified }: ProxyRefusal): string {
  if (schemes.length > 0 && !schemes.includes("basic")) {
    return `it takes no user name and password, but ${schemes.slice(0, schemesShown).join(" or ")} alone: name a proxy that takes them, or asks for nothing`;
  }
  return isIdentified
    ? "it refuses the user name and password: correct them in http://NAME:PASSWORD@HOST:PORT"
    : "it asks for a user name and password: write http://NAME:PASSWORD@HOST:PORT";
}

/** Companies' proxies ask for Kerberos, Negotiate and NTLM. */
const schemesShown = 3;

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}
