import { errorCode } from "../failure.ts";
import { type ConnectError, isConnectError } from "./connect.ts";

/** What became of a connection, for a message. */
export interface ConnectionProblem {
  /** A time ran out, be it in connecting or in waiting for an answer. */
  readonly isTimeout: boolean;
  /** Who did what, without a full stop. A time in it has passed. */
  readonly words: string;
}

/** `silentMilliseconds`: what an answer's header, and each piece of its body, was waited for. */
export function connectionProblem(error: unknown, host: string, silentMilliseconds: number): ConnectionProblem {
  if (isConnectError(error)) return connectProblem(error);
  const code = errorCode(error);
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT") {
    return { isTimeout: true, words: `${host} sent nothing for ${seconds(silentMilliseconds)}` };
  }
  return { isTimeout: false, words: `${host} cut the connection${code === "" ? "" : ` (${code})`}` };
}

function connectProblem({ host, code, milliseconds, attempts }: ConnectError): ConnectionProblem {
  const isTimeout = code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT";
  const within = isTimeout ? ` within ${seconds(milliseconds)}` : "";
  if (attempts.length > 1) {
    const each = attempts.map(({ address, code: why }) => `${address} (${why === "ETIMEDOUT" ? "timed out" : why})`);
    return { isTimeout, words: `${host} cannot be reached: no connection to ${each.join(", ")}${within}` };
  }
  if (isTimeout) return { isTimeout, words: `${host} cannot be reached: no connection${within}` };
  return { isTimeout, words: `${host} cannot be reached (${code === "" ? "connection closed" : code})` };
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}
