import { errorCode } from "../failure.ts";
import { type ConnectError, connectErrorOf } from "./connect.ts";

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
  const refusal = proxyStatusOf(error);
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

function connectProblem(error: ConnectError, host: string): ConnectionProblem {
  const { code, milliseconds, attempts, isToProxy } = error;
  const isTimeout = code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT";
  const within = isTimeout ? ` within ${seconds(milliseconds)}` : ` (${code === "" ? "connection closed" : code})`;
  const problem = { isTimeout, isForGood: false };
  if (attempts.length > 1) {
    const each = attempts.map(({ address, code: why }) => `${address} (${why === "ETIMEDOUT" ? "timed out" : why})`);
    const to = `${isToProxy ? "the proxy at " : ""}${each.join(", ")}`;
    return { ...problem, words: `${host} cannot be reached: no connection to ${to}${isTimeout ? within : ""}` };
  }
  if (isToProxy) return { ...problem, words: `${host} cannot be reached: no connection to the proxy${within}` };
  return { ...problem, words: `${host} cannot be reached${isTimeout ? ": no connection" : ""}${within}` };
}

/** The status with which a proxy refuses a host; undici tells it in the text of its errors alone. */
function proxyStatusOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const status = /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(error.message)?.[1];
  return status === undefined ? undefined : Number(status);
}

function proxyProblem(status: number, host: string): ConnectionProblem {
  const words = `${host} cannot be reached: the proxy answered with status ${status}`;
  // A proxy that has no way to a host, or is busy, may have one a moment later.
  if (status >= 500 || status === 429) return { isTimeout: false, isForGood: false, words };
  const advice =
    status === 407
      ? "it asks for a user name and password: write http://NAME:PASSWORD@HOST:PORT"
      : "it refuses the host";
  return { isTimeout: false, isForGood: true, words: `${words}, ${advice}` };
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}
