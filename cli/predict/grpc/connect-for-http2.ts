import { connect as connectSocket, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { errorCode } from "../../../server/fetch/failure.ts";
import { type ProxySettings, proxyFor, shownProxy } from "../../../server/fetch/http/proxy.ts";
import { failed } from "../../complaint.ts";
import type { Edge } from "../../edge.ts";

/**
 * A connection to a URL's host: in plain text for `http://`, where a client of HTTP/2 begins at once ("prior
 * knowledge", RFC 9113 3.3), by TLS for `https://`, where the server has to choose `h2` (RFC 7301).
 */
export async function connectForHttp2(
  url: URL,
  timeoutSeconds: number,
  proxies: ProxySettings,
  { interrupted }: Pick<Edge, "interrupted">,
): Promise<Socket> {
  const proxy = proxyFor(url, proxies);
  if (proxy !== undefined) {
    throw failed(
      `gRPC does not go through ${shownProxy(proxy)}: put ${url.hostname} into NO_PROXY, or take another --protocol`,
    );
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const isTls = url.protocol === "https:";
  const port = Number(url.port === "" ? (isTls ? 443 : 80) : url.port);
  const socket = isTls
    ? connectTls({ host, port, servername: /^[0-9.]+$|:/.test(host) ? "" : host, ALPNProtocols: ["h2"] })
    : connectSocket({ host, port, noDelay: true });
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const fail = (message: string, cause?: unknown): void => {
    socket.destroy();
    reject(failed(message, cause));
  };
  const onAbort = (): void => fail("interrupted");
  interrupted.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => {
    fail(`${url.host} cannot be reached: no connection within ${timeoutSeconds} s`);
  }, timeoutSeconds * 1000);
  socket.once("error", (error) => fail(unreachable(url, error), error));
  socket.once(isTls ? "secureConnect" : "connect", () => {
    // Without a common protocol a server of TLS may end the handshake, or go on with what it speaks.
    if ("alpnProtocol" in socket && socket.alpnProtocol !== "h2") fail(noHttp2(url));
    else resolve(socket);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    interrupted.removeEventListener("abort", onAbort);
  }
}

function unreachable(url: URL, error: Error): string {
  const code = errorCode(error);
  if (code === "ECONNREFUSED") return `nothing listens at ${url.host}: is it the right address, and up?`;
  if (code === "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL") return noHttp2(url);
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") {
    return `${url.host} does not speak TLS: write http://${url.host}`;
  }
  return `${url.host} cannot be reached (${code === "" ? error.message : code})`;
}

function noHttp2(url: URL): string {
  return `${url.host} does not offer HTTP/2 by TLS, which gRPC goes by: take another --protocol`;
}
