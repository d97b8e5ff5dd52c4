import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  begin,
  frame,
  inferPath,
  inferRequest,
  openOn,
  openSession,
  outcomeOf,
  rawInferRequest,
  send,
} from "./client.ts";
import { startGround } from "./ground.ts";
import { callHead, flags, frameOf, openRaw, openSettled, preface, types } from "./raw-client.ts";

test("bytes that were read before the connection was handed over are not lost", async () => {
  const { port } = await startGround({ isReadFirst: true });
  for (let round = 0; round < 5; round++) {
    const outcome = await send(openSession(port), inferPath, rawInferRequest(20_000));
    assert.equal(outcome.status, 0, outcome.message);
  }
});

describe("the end of a connection", () => {
  test("is announced, answers what is under way, and refuses nothing that came before the client knew", async () => {
    const { port, server, state, allClosed } = await startGround();
    const client = await openSettled(port);
    const running = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    const { infer } = state;
    state.infer = async (request, context) => {
      running.resolve();
      await done.promise;
      return infer(request, context);
    };
    await client.send(callWith(1, inferRequest([1])));
    await running.promise;
    server.goAway();
    const notice = await client.until(({ type }) => type === types.goAway);
    assert.deepEqual([notice.payload.readUInt32BE(0), notice.payload.readUInt32BE(4)], [2 ** 31 - 1, 0]);
    // Sent before the client read of it, as far as the server can tell.
    await client.send(callWith(3, inferRequest([2])));
    done.resolve();
    for (let pings = 1; pings <= 2; pings++) {
      const isPing = ({ type, flags: bits }: { type: number; flags: number }): boolean =>
        type === types.ping && bits === 0;
      await client.until((one) => isPing(one) && client.frames.filter(isPing).length >= pings);
      const ping = client.frames.filter(isPing)[pings - 1];
      await client.send(frameOf(types.ping, flags.ack, 0, ping?.payload ?? Buffer.alloc(8)));
    }
    await client.closed();
    await allClosed();
    const ends = client.frames.filter(({ type, flags: bits }) => type === types.headers && (bits & 1) === 1);
    assert.deepEqual(
      ends.map(({ stream }) => stream),
      [1, 3],
    );
    const last = client.frames.filter(({ type }) => type === types.goAway).at(-1);
    assert.equal(last?.payload.readUInt32BE(0), 3);
  });

  test("comes with an answer when that is the last", async () => {
    const { port, state, reports, allClosed } = await startGround();
    const session = openSession(port);
    assert.equal((await send(session, inferPath, inferRequest([1]))).status, 0);
    assert.ok(!session.closed);
    state.isLast = true;
    const gone = once(session, "goaway");
    assert.equal((await send(session, inferPath, inferRequest([1]))).status, 0);
    await gone;
    await allClosed();
    assert.equal(reports.length, 2);
  });

  test("comes at once for the idle, and for the others not", async () => {
    const { port, server, state, allClosed } = await startGround();
    const idle = openSession(port);
    await send(idle, inferPath, inferRequest([1]));
    const silent = await openRaw(port);
    const busy = openSession(port);
    const done = Promise.withResolvers<never[]>();
    const running = Promise.withResolvers<void>();
    state.infer = () => {
      running.resolve();
      return done.promise;
    };
    const pending = send(busy, inferPath, inferRequest([1]));
    await running.promise;
    while (server.connections() < 3) await new Promise((resolve) => setImmediate(resolve));
    server.endIdle();
    await Promise.all([once(idle, "close"), silent.closed()]);
    assert.deepEqual([server.connections(), server.exchanges()], [1, 1]);
    done.resolve([]);
    assert.equal((await pending).status, 0);
    server.endIdle();
    await allClosed();
  });

  test("may come for all of them at once", async () => {
    const { port, server, state, reports, reserved, allClosed } = await startGround();
    const running = Promise.withResolvers<void>();
    state.infer = () => {
      running.resolve();
      return new Promise(() => undefined);
    };
    const stream = begin(openSession(port), inferPath);
    stream.end(inferRequest([1]));
    await running.promise;
    server.destroyAll();
    await allClosed();
    assert.deepEqual([reports.map(({ code }) => code), reserved(), server.exchanges()], [[1], 0, 0]);
  });

  test("right after it was handed over, with bytes that nobody has looked at yet, is none of a process", async () => {
    const { port, allClosed } = await startGround({ isReadFirst: true, afterServe: (server) => server.destroyAll() });
    const client = await openRaw(port);
    await client.send(preface, frameOf(types.settings, 0, 0));
    await client.closed();
    await allClosed();
  });

  test("that was announced to a client that does not answer comes all the same", async () => {
    const { port, server, state, allClosed } = await startGround();
    const client = await openSettled(port);
    await client.send(callWith(1, inferRequest([1])));
    await client.until(({ type }) => type === types.headers);
    server.goAway();
    const late = performance.now() + 20_500;
    state.now = () => late;
    await client.closed();
    await allClosed();
  });

  test("of a connection that has not begun waits for its SETTINGS", async () => {
    const { port, server, allClosed } = await startGround();
    const client = await openRaw(port);
    while (server.connections() === 0) await new Promise((resolve) => setImmediate(resolve));
    server.goAway();
    await client.send(preface, frameOf(types.settings, 0, 0), frameOf(types.settings, flags.ack, 0));
    await client.until(({ type }) => type === types.goAway);
    assert.equal(client.frames[0]?.type, types.settings);
    client.socket.destroy();
    await allClosed();
  });
});

test("pings of a client are answered", async () => {
  const { port } = await startGround();
  const session = openSession(port);
  await once(session, "connect");
  const payload = Buffer.from("8 bytes!");
  const answer = Promise.withResolvers<Buffer>();
  session.ping(payload, (error, _duration, back) => (error === null ? answer.resolve(back) : answer.reject(error)));
  assert.deepEqual(await answer.promise, payload);
});

test("whatever becomes of calls and connections, each call is over once and its memory free", async () => {
  const ground = await startGround();
  ground.state.infer = async ({ inputs }) => {
    await new Promise((resolve) => setImmediate(resolve));
    return inputs.map((input) => ({ ...input, name: "out_FP32" }));
  };
  type Step = "call" | "large" | "half" | "reset" | "watch" | "break" | "goAway" | "wrong" | "turn";
  const steps: Step[] = ["call", "large", "half", "reset", "watch", "break", "goAway", "wrong", "turn"];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...steps), { maxLength: 12 }), async (sequence) => {
      const before = ground.reports.length;
      let socket = connectSocket({ port: ground.port, host: "127.0.0.1" });
      let session = openOn(socket);
      let most = 0;
      const outcomes: Promise<unknown>[] = [];
      for (const step of sequence) {
        if (session.destroyed || session.closed || step === "break") {
          socket.destroy();
          socket = connectSocket({ port: ground.port, host: "127.0.0.1" });
          session = openOn(socket);
        }
        if (step === "goAway") ground.server.goAway();
        if (step === "turn") await new Promise((resolve) => setTimeout(resolve, 2));
        if (step === "goAway" || step === "turn" || step === "break") continue;
        const path = step === "watch" ? "/grpc.health.v1.Health/Watch" : inferPath;
        const stream = begin(session, path);
        outcomes.push(outcomeOf(stream));
        most += 1;
        if (step === "call") stream.end(inferRequest([1]));
        if (step === "large") stream.end(rawInferRequest(100_000));
        if (step === "half") stream.write(rawInferRequest(100_000).subarray(0, 50_000));
        if (step === "reset") setImmediate(() => stream.close(8));
        if (step === "watch") stream.end(frame(Buffer.alloc(0)));
        if (step === "wrong") stream.end(Buffer.alloc(3));
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
      ground.server.destroyAll();
      socket.destroy();
      await ground.allClosed();
      await Promise.all(outcomes);
      assert.ok(ground.reports.length - before <= most);
      assert.deepEqual([ground.server.exchanges(), ground.reserved(), ground.faults.length], [0, 0, 0]);
    }),
    { numRuns: 60 },
  );
  const ids = ground.reports.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, "a call was over twice");
});

/** A whole call whose data fits into one frame. */
function callWith(stream: number, data: Buffer): Buffer {
  const head = frameOf(types.headers, flags.endHeaders, stream, callHead);
  return Buffer.concat([head, frameOf(types.data, flags.endStream, stream, data)]);
}
