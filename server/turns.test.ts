import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { createTurns } from "./turns.ts";

test("pieces run in the order of their calls, one in each turn of the event loop", async () => {
  const turns = createTurns();
  const happened: string[] = [];
  let isOver = false;
  const count = (): void => {
    happened.push("turn");
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const piece = async (name: string): Promise<void> => {
    await turns.next();
    happened.push(name);
  };
  await Promise.all(["a", "b", "c"].map(piece));
  await piece("d");
  isOver = true;
  const pieces = happened.filter((name) => name !== "turn");
  assert.deepEqual(pieces, ["a", "b", "c", "d"]);
  for (const [index, name] of happened.entries()) {
    if (name !== "turn") assert.equal(happened[index - 1], "turn", happened.join(" "));
  }
});

test("what comes in from outside is answered between two pieces", async (context) => {
  const turns = createTurns();
  const server = createServer((socket) => socket.on("data", () => socket.end("here"))).listen(0, "127.0.0.1");
  context.after(() => server.close());
  await once(server, "listening");
  let done = 0;
  const pieces = Array.from({ length: 20 }, async () => {
    await turns.next();
    const end = performance.now() + 10;
    while (performance.now() < end); // A long body that is being decoded.
    done += 1;
  });
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.write("?");
  await once(client, "data");
  assert.ok(done < 20, "the answer came after all of them");
  await Promise.all(pieces);
});
