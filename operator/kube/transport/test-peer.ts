import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Credentials } from "./credentials.ts";

/**
 * For unit tests of what happens on a connection: answers each request as the test says. Knows nothing of
 * Kubernetes; what the API server does is tested against the real one in test/integration/kube.
 */
export interface Peer {
  readonly url: string;
  readonly requests: readonly string[];
  /** Connections accepted so far, and those that are open now. */
  readonly accepted: () => number;
  readonly open: () => number;
  close(): Promise<void>;
}

export async function startPeer(
  answer: (request: IncomingMessage, response: ServerResponse, body: string, nth: number) => void,
): Promise<Peer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests.push(`${request.method} ${request.url}`);
      answer(request, response, Buffer.concat(chunks).toString(), requests.length);
    });
    request.on("error", () => undefined); // a test cut it
  });
  server.on("connection", (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    accepted: () => accepted,
    open: () => sockets.size,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

export const anonymous: Credentials = (() => {
  const tls = {};
  return { authorization: () => Promise.resolve(undefined), tls: () => Promise.resolve(tls) };
})();
