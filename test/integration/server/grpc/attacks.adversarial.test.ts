/** What clients have sent to take servers down. Each time: bounded, and the next client is served as if nothing was. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, inferPath, inferRequest, openSession, rawInferRequest, send } from "./client.ts";
import { type Ground, startGround } from "./ground.ts";
import {
  callHead,
  flags,
  frameOf,
  headerBlock,
  openRaw,
  openSettled,
  preface,
  type RawClient,
  types,
} from "./raw-client.ts";

/** HTTP/2's error codes (RFC 9113, 7). */
const protocolError = 1;
const enhanceYourCalm = 11;

async function isUnharmed(ground: Ground): Promise<void> {
  assert.equal((await send(openSession(ground.port), inferPath, inferRequest([1]))).status, 0);
  assert.deepEqual(ground.faults, []);
}

/** Sends the same again and again, until the server has had enough of it; gives how often. */
async function flood(client: RawClient, limit: number, part: (round: number) => Uint8Array): Promise<number> {
  for (let round = 0; round < limit; round++) {
    if (!(await client.send(part(round)))) return round;
    // The server lives in this process: it needs its turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return limit;
}

function call(stream: number, more = 0): Buffer {
  return frameOf(types.headers, flags.endHeaders | more, stream, callHead);
}

test("calls that are reset as soon as they are begun end the connection", async () => {
  const ground = await startGround();
  const client = await openSettled(ground.port);
  const cancel = Buffer.from([0, 0, 0, 8]);
  const rounds = await flood(client, 100_000, (round) => {
    const stream = 2 * round + 1;
    return Buffer.concat([call(stream), frameOf(types.resetStream, 0, stream, cancel)]);
  });
  assert.ok(rounds < 20_000, `${rounds} resets were taken`);
  await client.closed();
  await ground.allClosed();
  assert.ok(ground.reports.length < 1000, `${ground.reports.length} calls were begun`);
  assert.ok(ground.reports.every(({ code }) => code === 1));
  assert.equal(ground.reserved(), 0);
  await isUnharmed(ground);
});

test("a head that never ends, in ever more CONTINUATION frames, ends the connection", async () => {
  const ground = await startGround();
  const client = await openSettled(ground.port);
  await client.send(frameOf(types.headers, 0, 1, callHead));
  const more = headerBlock({ "x-more": "a".repeat(1000) });
  const rounds = await flood(client, 10_000, () => frameOf(types.continuation, 0, 1, more));
  assert.ok(rounds < 1000, `${rounds} frames were taken`);
  await client.closed();
  assert.equal(ground.server.exchanges(), 0);
  await isUnharmed(ground);
});

test("a head of many or of long fields is refused", async () => {
  const ground = await startGround();
  for (const headers of [
    Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`x-${index}`, "a"])),
    { "x-long": "a".repeat(15_000), "x-longer": "a".repeat(1000) },
  ]) {
    const client = await openSettled(ground.port);
    const block = Buffer.concat([callHead, headerBlock(headers)]);
    await client.send(frameOf(types.headers, flags.endHeaders, 1, block));
    const reset = await client.until(({ type }) => type === types.resetStream || type === types.goAway);
    assert.equal(reset.type, types.resetStream);
    assert.equal(reset.payload.readUInt32BE(0), enhanceYourCalm);
    client.socket.destroy();
  }
  assert.equal(ground.server.exchanges(), 0);
  await isUnharmed(ground);
});

test("calls that are reset one after the other, each when it is known, end the connection, too", async () => {
  const ground = await startGround();
  const client = await openSettled(ground.port);
  const cancel = Buffer.from([0, 0, 0, 8]);
  let rounds = 0;
  for (; !client.socket.closed && rounds < 2000; rounds++) {
    const stream = 2 * rounds + 1;
    await client.send(call(stream), frameOf(types.resetStream, 0, stream, cancel));
    while (!client.socket.closed && ground.reports.length <= rounds)
      await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(rounds < 500, `${rounds} resets were taken`);
  await ground.allClosed();
  await isUnharmed(ground);
});

// nghttp2 bounds them by itself; a version of Node that no longer does is to be noticed here.
for (const [what, type, payload] of [
  ["PING", types.ping, Buffer.alloc(8)],
  ["SETTINGS", types.settings, Buffer.alloc(0)],
] as const) {
  test(`${what} frames without end, end the connection`, async () => {
    const ground = await startGround();
    const client = await openSettled(ground.port);
    const ten = Buffer.concat(Array.from({ length: 10 }, () => frameOf(type, 0, 0, payload)));
    const rounds = await flood(client, 10_000, () => ten);
    assert.ok(rounds < 10_000, "all were taken");
    await client.closed();
    await isUnharmed(ground);
  });
}

test("PING frames whose answers are never read end the connection", async () => {
  const ground = await startGround();
  const client = await openSettled(ground.port);
  client.socket.pause();
  const many = Buffer.concat(Array.from({ length: 10_000 }, () => frameOf(types.ping, 0, 0, Buffer.alloc(8))));
  // Either the server ends it, or it stops taking them.
  for (let round = 0; round < 200 && client.socket.writableLength < 4 * 1024 * 1024; round++) {
    client.socket.write(many);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.socket.destroy();
  await isUnharmed(ground);
});

test("empty DATA frames without end, end the connection", async () => {
  const ground = await startGround();
  const client = await openSettled(ground.port);
  await client.send(call(1));
  const rounds = await flood(client, 10_000, () => frameOf(types.data, 0, 1));
  assert.ok(rounds < 10_000, "all were taken");
  await client.closed();
  await isUnharmed(ground);
});

test("more calls than SETTINGS allow end the connection", async () => {
  const ground = await startGround({ limits: { concurrentStreams: 10 } });
  const client = await openSettled(ground.port);
  await client.send(...Array.from({ length: 10 }, (_, index) => call(2 * index + 1)));
  while (ground.server.exchanges() < 10) await new Promise((resolve) => setImmediate(resolve));
  await client.send(call(21));
  await client.closed();
  assert.equal(client.goAwayCode(), protocolError);
  await ground.allClosed();
  assert.equal(ground.reports.length, 10);
  await isUnharmed(ground);
});

test("what is not HTTP/2 is ended, however it begins", async () => {
  const ground = await startGround({ isReadFirst: true });
  for (const bytes of [
    Buffer.from("GET / HTTP/1.1\r\nhost: a\r\n\r\n"),
    Buffer.alloc(100, 0xff),
    Buffer.concat([preface, Buffer.alloc(100, 0xff)]),
    Buffer.concat([preface, frameOf(types.settings, 0, 0), frameOf(types.data, 0, 0, Buffer.alloc(3))]),
    Buffer.concat([preface, frameOf(types.settings, 0, 0), frameOf(types.headers, flags.endHeaders, 2, callHead)]),
    Buffer.concat([
      preface,
      frameOf(types.settings, 0, 0),
      frameOf(types.headers, flags.endHeaders, 1, Buffer.from([0xff])),
    ]),
    Buffer.concat([preface, frameOf(types.settings, 0, 0), frameOf(types.windowUpdate, 0, 0, Buffer.alloc(4))]),
  ]) {
    const client = await openRaw(ground.port);
    await client.send(bytes);
    await client.closed();
    const code = client.goAwayCode();
    assert.ok(code === undefined || code === protocolError || code > 1, `code ${code}`);
  }
  await ground.allClosed();
  await isUnharmed(ground);
});

test("a connection on which nothing comes, or only a beginning, ends", async () => {
  const ground = await startGround();
  const silent = await openRaw(ground.port);
  const begun = await openRaw(ground.port);
  await begun.send(preface.subarray(0, 10));
  while (ground.server.connections() < 2) await new Promise((resolve) => setImmediate(resolve));
  const late = performance.now() + 15_100;
  ground.state.now = () => late;
  await Promise.all([silent.closed(), begun.closed()]);
  await ground.allClosed();
});

test("a client that takes nothing of its answer is ended, and its memory is free", async () => {
  const ground = await startGround({ limits: { pingSeconds: 1 } });
  const client = await openSettled(ground.port);
  const window = Buffer.from([0x7f, 0, 0, 0]);
  // 20 MB of answers, which the client would take by its windows; but it does not read.
  client.socket.pause();
  const request = rawInferRequest(50_000);
  void client.send(
    frameOf(types.settings, 0, 0, Buffer.from([0, 4, 0x7f, 0, 0, 0])),
    frameOf(types.windowUpdate, 0, 0, window),
    ...Array.from({ length: 90 }, (_, index) => callWith(2 * index + 1, request)),
  );
  while (ground.reserved() === 0) await new Promise((resolve) => setImmediate(resolve));
  const start = performance.now();
  ground.state.now = () => start + (performance.now() - start) * 100;
  await ground.allClosed();
  assert.equal(ground.reserved(), 0);
  await isUnharmed(ground);
});

test("a client that has a window of nothing is ended", async () => {
  const ground = await startGround();
  const client = await openSettled(ground.port);
  await client.send(frameOf(types.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])), callWith(1, inferRequest([1])));
  while (ground.server.exchanges() === 0) await new Promise((resolve) => setImmediate(resolve));
  const start = performance.now();
  ground.state.now = () => start + (performance.now() - start) * 100;
  await ground.callsOver(1);
  assert.deepEqual([ground.reports[0]?.code, ground.reserved()], [1, 0]);
  await isUnharmed(ground);
});

test("a message that claims gigabytes costs nothing", async () => {
  const ground = await startGround();
  const outcome = await send(openSession(ground.port), inferPath, Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]));
  assert.deepEqual([outcome.status, ground.reserved()], [8, 0]);
  const nested = frame(Buffer.alloc(100_000, 0x0b));
  assert.equal((await send(openSession(ground.port), inferPath, nested)).status, 3);
  await isUnharmed(ground);
});

/** A whole call: its head, and its data in frames of at most 16 KiB. */
function callWith(stream: number, data: Buffer): Buffer {
  const parts = [call(stream)];
  for (let position = 0; position < data.length; position += 16_384) {
    const end = position + 16_384;
    const bits = end >= data.length ? flags.endStream : 0;
    parts.push(frameOf(types.data, bits, stream, data.subarray(position, end)));
  }
  return Buffer.concat(parts);
}
