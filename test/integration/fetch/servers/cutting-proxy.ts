import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface CuttingProxy {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** Connections that were broken on purpose. */
  broken(): number;
  /** Bytes of answers that were passed on, over all connections. */
  passed(): number;
  close(): Promise<void>;
}

export interface Fault {
  /** `cut` closes the connection, `stall` keeps it open and silent. */
  readonly kind: "cut" | "stall";
  /** Bytes of the answer that a connection passes before that. */
  readonly afterBytes: number;
  /** How many connections are broken; later ones pass everything. */
  readonly times: number;
}

/** A TCP proxy before a server on loopback that breaks its first connections once they have passed some bytes. */
export async function startCuttingProxy(target: string, fault: Fault): Promise<CuttingProxy> {
  const [hostname, port] = target.split(":");
  const sockets = new Set<Socket>();
  let broken = 0;
  let passedInAll = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    let passed = 0;
    let silent = false;
    upstream.on("data", (chunk: Buffer) => {
      if (silent) return;
      if (broken >= fault.times || passed + chunk.length <= fault.afterBytes) {
        passed += chunk.length;
        passedInAll += chunk.length;
        client.write(chunk);
        return;
      }
      broken += 1;
      silent = true;
      passedInAll += fault.afterBytes - passed;
      client.write(chunk.subarray(0, fault.afterBytes - passed), () => {
        if (fault.kind === "cut") client.destroy();
      });
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return {
    host: `127.0.0.1:${address.port}`,
    broken: () => broken,
    passed: () => passedInAll,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
