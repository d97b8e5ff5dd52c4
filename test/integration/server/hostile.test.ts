import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { expandModel, identityModel } from "../../fixtures/models/arithmetic.ts";
import { frame, inference, inferPath, openSession, send } from "./grpc/client.ts";
import { callHead, flags, frameOf, openSettled, types } from "./grpc/raw-client.ts";
import { call, eventually, post, type RunningServer, startServer } from "./harness.ts";
import { watchMemory } from "./memory.ts";

const mebibyte = 1024 ** 2;
const limit = 512 * mebibyte;
const limited = { SLIPWAY_MEMORY_LIMIT_BYTES: String(limit), SLIPWAY_WORKERS: "2" };
const identity = { "model.onnx": identityModel({ dims: ["n"] }) };

/** What a pod of 512 MiB has to stand: it is never above its limit, no process of it is lost, and others are served. */
async function isUnharmed(server: RunningServer, peak: number, body: unknown = { input_data: [1] }): Promise<void> {
  assert.ok(peak < limit, `${Math.round(peak / mebibyte)} MiB were held`);
  assert.equal((await call(`${server.url}/v2/health/ready`)).status, 200);
  await eventually("others are served", async () => (await post(`${server.url}/predict`, body)).status === 200);
  const { text } = await call(`${server.metricsUrl}/metrics`);
  assert.match(text, /^slipway_workers_replaced_total\{.*\} 0$/m);
  await server.stop();
}

test("64 bodies that inflate to 40 MB each, all at once", async () => {
  const server = await startServer({ files: identity, variables: limited });
  const watch = watchMemory(server);
  const bomb = gzipSync(Buffer.from(`{"input_data":[${"0,".repeat(20_000_000)}0]}`));
  const headers = { "content-encoding": "gzip" };
  const replies = await Promise.all(
    Array.from({ length: 64 }, () => call(`${server.url}/predict`, { body: bomb, headers })),
  );
  for (const { status, text } of replies)
    assert.ok([200, 413, 503].includes(status), `${status} ${text.slice(0, 200)}`);
  await isUnharmed(server, await watch());
});

test("60 clients that ask for large answers and read none of them", async () => {
  const server = await startServer({ files: identity, variables: limited });
  const watch = watchMemory(server);
  const body = JSON.stringify({ input_data: Array.from({ length: 200_000 }, (_, index) => index + 0.123) });
  const sockets = Array.from({ length: 60 }, () => connect(server.port, "127.0.0.1").pause());
  for (const socket of sockets) {
    socket.on("error", () => undefined);
    socket.write(`POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  }
  await nothingInFlight(server);
  const peak = await watch();
  for (const socket of sockets) socket.destroy();
  await isUnharmed(server, peak);
});

for (const [window, streamWindow] of [
  ["take no byte of them", 0],
  ["would take them by their windows, and do not read", 0x7f_00_00_00],
] as const) {
  test(`gRPC: 64 clients that ask for large answers and ${window}`, async () => {
    const server = await startServer({ files: { "model.onnx": expandModel() }, variables: limited });
    const watch = watchMemory(server);
    const request = frame(
      inference.encode("ModelInferRequest", {
        model_name: "m",
        inputs: [
          { name: "x", datatype: "FP32", shape: [1] },
          { name: "shape", datatype: "INT64", shape: [1] },
        ],
        raw_input_contents: [
          new Uint8Array(Float32Array.of(1).buffer),
          new Uint8Array(BigInt64Array.of(2_500_000n).buffer),
        ],
      }),
    );
    const word = (value: number): Buffer => Buffer.from(new Uint32Array([value]).buffer).swap32();
    const initialWindow = Buffer.concat([Buffer.from([0, 4]), word(streamWindow)]);
    const clients = await Promise.all(Array.from({ length: 64 }, () => openSettled(server.grpcPort)));
    for (const { socket, send: write } of clients) {
      if (streamWindow > 0) socket.pause();
      void write(
        frameOf(types.settings, 0, 0, initialWindow),
        frameOf(types.windowUpdate, 0, 0, word(0x7f_00_00_00)),
        frameOf(types.headers, flags.endHeaders, 1, callHead),
        frameOf(types.data, flags.endStream, 1, request),
      );
    }
    // 640 MB are asked for. Who was refused is over, and the others wait to be read.
    await eventually("all are answered", async () => {
      const { text } = await call(`${server.metricsUrl}/metrics`);
      const refused = Number(/^slipway_requests_total\{.*code="14".*\} (\d+)$/m.exec(text)?.[1] ?? 0);
      const waiting = Number(/^slipway_requests_in_flight\{.*\} (\d+)$/m.exec(text)?.[1] ?? 0);
      return refused > 0 && refused + waiting === 64;
    });
    for (const { socket } of clients) socket.destroy();
    await nothingInFlight(server);
    await isUnharmed(server, await watch(), { input_data: { x: [1], shape: [1] } });
  });
}

test("10,000 connections that ask once and stay", async () => {
  const server = await startServer({ files: identity, variables: limited });
  const watch = watchMemory(server);
  const sockets: Socket[] = [];
  for (let count = 0; count < 10_000; count += 250) {
    const batch = Array.from({ length: 250 }, () => connect(server.port, "127.0.0.1"));
    sockets.push(...batch);
    await Promise.all(
      batch.map((socket) => {
        socket.on("error", () => undefined);
        socket.write("GET /v2 HTTP/1.1\r\nhost: a\r\n\r\n");
        return new Promise((resolve) => socket.once("data", resolve).once("close", resolve));
      }),
    );
  }
  const peak = await watch();
  const kept = sockets.filter(({ destroyed }) => !destroyed).length;
  assert.ok(kept > 9900, `${kept} connections were kept`);
  await isUnharmed(server, peak);
  for (const socket of sockets) socket.destroy();
});

test("bodies that stop coming, until no memory is left for large ones: small requests are served", async () => {
  const server = await startServer({ files: identity, variables: limited });
  const watch = watchMemory(server);
  const declared = 8 * mebibyte;
  const sockets = Array.from({ length: 40 }, () => connect(server.port, "127.0.0.1"));
  for (const socket of sockets) {
    socket.on("error", () => undefined).resume();
    socket.write(`POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: ${declared}\r\n\r\n`);
    socket.write(Buffer.alloc(declared - 1, 0x20));
  }
  for (let count = 0; count < 20; count++) {
    assert.equal((await post(`${server.url}/predict`, { input_data: [count] })).status, 200);
  }
  await nothingInFlight(server);
  await isUnharmed(server, await watch());
  for (const socket of sockets) socket.destroy();
});

test("chunks without end, over the bound: each client sees its 413", async () => {
  const server = await startServer({ files: identity, variables: limited });
  const watch = watchMemory(server);
  const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(0x1_00_00, 0x20), Buffer.from("\r\n")]);
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => {
      const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
      let answer = "";
      socket.on("error", () => undefined).on("data", (data) => (answer += data.toString("latin1")));
      const pump = (): void => {
        while (socket.writable && socket.write(chunk));
      };
      socket.on("drain", pump);
      socket.write("POST /predict HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
      pump();
      return new Promise<string>((resolve) => socket.once("close", () => resolve(answer)));
    }),
  );
  for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 (?:413|503) [^]*connection: close/);
  await isUnharmed(server, await watch());
});

test("requests in a pipeline whose answers nobody reads do not keep others waiting", async () => {
  const server = await startServer({ files: identity, variables: { ...limited, SLIPWAY_WORKERS: "1" } });
  const watch = watchMemory(server);
  const one = 'POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 19\r\n\r\n{"input_data":[12]}';
  const socket = connect(server.port, "127.0.0.1").pause();
  socket.on("error", () => undefined);
  socket.write(one.repeat(50_000));
  for (let count = 0; count < 20; count++) {
    assert.equal((await post(`${server.url}/predict`, { input_data: [count] })).status, 200);
  }
  await isUnharmed(server, await watch());
  socket.destroy();
});

test("gRPC: messages that inflate to 40 MB, calls that are reset at once, heads that never end", async () => {
  const server = await startServer({ files: identity, variables: limited });
  const watch = watchMemory(server);
  const bomb = frame(gzipSync(Buffer.alloc(40_000_000)), 1);
  const outcomes = await Promise.all(
    Array.from({ length: 64 }, () => send(openSession(server.port), inferPath, bomb, { "grpc-encoding": "gzip" })),
  );
  // Those that found room are no messages.
  for (const { status } of outcomes) assert.ok([3, 8, 14].includes(status), `status ${status}`);
  const begun = frameOf(types.headers, flags.endHeaders, 1, callHead);
  const floods: readonly ((stream: number) => Buffer)[] = [
    (stream) =>
      Buffer.concat([
        frameOf(types.headers, flags.endHeaders, stream, callHead),
        frameOf(types.resetStream, 0, stream, Buffer.of(0, 0, 0, 8)),
      ]),
    (stream) => frameOf(types.continuation, 0, 1, Buffer.alloc(1000, stream)),
  ];
  for (const part of floods) {
    const clients = await Promise.all(Array.from({ length: 8 }, () => openSettled(server.port)));
    await Promise.all(
      clients.map(async (client) => {
        await client.send(part === floods[1] ? frameOf(types.headers, 0, 1, callHead) : begun);
        for (let stream = 3; !client.socket.destroyed && stream < 100_000; stream += 2) {
          if (!(await client.send(part(stream)))) break;
        }
        await client.closed();
      }),
    );
  }
  const fine = { name: "x", datatype: "FP32", shape: [1], contents: { fp32_contents: [1] } };
  const message = frame(inference.encode("ModelInferRequest", { model_name: "m", inputs: [fine] }));
  assert.equal((await send(openSession(server.port), inferPath, message)).status, 0);
  await isUnharmed(server, await watch());
});

function nothingInFlight(server: RunningServer): Promise<void> {
  return eventually("nothing of theirs is held any more", async () =>
    /^slipway_requests_in_flight\{.*\} 0$/m.test((await call(`${server.metricsUrl}/metrics`)).text),
  );
}
