import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { after } from "node:test";

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** Answers on loopback, at the `host:port` that it gives, until the tests of the file are over. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return `127.0.0.1:${address.port}`;
}
