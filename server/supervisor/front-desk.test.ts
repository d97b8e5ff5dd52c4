import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { test } from "node:test";
import { createFrontDesk } from "./front-desk.ts";

/** Envoy's, the longest that a proxy has by default (https://www.envoyproxy.io/docs, "How do I configure timeouts?"). */
const idleMilliseconds = 3_600_000;

test("a connection on which nothing was sent is not ended before proxies end theirs", async () => {
  const desk = createFrontDesk({
    probe: () => ({ isGood: true, body: "" }),
    newRequestId: () => "1",
    handOver: (socket) => socket.destroy(),
  });
  for (const protocol of ["http", "grpc"] as const) {
    const server = desk.server(protocol).listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const [accepted] = (await once(server, "connection")) as [Socket];
    assert.ok((accepted.timeout ?? Infinity) >= idleMilliseconds, `${accepted.timeout}`);
    client.destroy();
    server.close();
    await once(server, "close");
  }
});
