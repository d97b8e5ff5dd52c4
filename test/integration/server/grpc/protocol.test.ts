import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { problems } from "../../../../server/errors.ts";
import {
  begin,
  frame,
  inference,
  inferPath,
  inferRequest,
  openSession,
  outcomeOf,
  rawInferRequest,
  send,
} from "./client.ts";
import { type Ground, startGround } from "./ground.ts";

const ground = await startGround();
const session = openSession(ground.port);

describe("a request that is not as gRPC has it", () => {
  const request = inferRequest([1]);
  for (const [what, data, expected] of [
    ["without a message", Buffer.alloc(0), /no message/],
    ["with half a prefix", request.subarray(0, 3), /middle of a message/],
    ["that ends within its message", request.subarray(0, -1), /middle of a message/],
    ["with two messages", Buffer.concat([request, request]), /second message/],
    ["with a first byte that is none", Buffer.concat([Buffer.from([7]), request.subarray(1)]), /first byte is 7/],
    ["marked as compressed without saying how", Buffer.concat([Buffer.from([1]), request.subarray(1)]), /compressed/],
    ["with bytes that are no message", frame(Buffer.alloc(9, 0xff)), /no inference.ModelInferRequest/],
  ] as const) {
    test(`${what} is refused`, async () => {
      const outcome = await send(session, inferPath, data);
      assert.equal(outcome.status, 3, outcome.message);
      assert.match(outcome.message, expected);
      assert.equal(outcome.messages.length, 0);
    });
  }

  test("is refused without being run", () => {
    assert.ok(ground.reports.every(({ code }) => code !== 0));
    assert.deepEqual(ground.faults, []);
  });
});

test("bytes that are no message are refused by every method", async () => {
  for (const path of [
    "/inference.GRPCInferenceService/ServerLive",
    "/inference.GRPCInferenceService/ModelReady",
    "/inference.GRPCInferenceService/RepositoryIndex",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  ]) {
    const outcome = await send(session, path, frame(Buffer.alloc(9, 0xff)));
    assert.deepEqual([outcome.status, outcome.trailers["problem-code"]], [3, "BadMessage"], path);
  }
});

test("a path that is none is unimplemented, and no label of the metrics", async () => {
  const { port, reports, callsOver } = await startGround();
  const outcome = await send(openSession(port), "/made.Up/Method", frame(Buffer.alloc(0)));
  assert.equal(outcome.status, 12);
  assert.match(outcome.message, /no method "\/made.Up\/Method"/);
  await callsOver(1);
  assert.deepEqual(
    reports.map(({ method, code }) => [method, code]),
    [["unknown", 12]],
  );
});

test("who speaks no gRPC is answered as HTTP has it", async () => {
  const json = await send(session, inferPath, Buffer.from("{}"), { "content-type": "application/json" });
  assert.equal(json.headers[":status"], 415);
  const get = begin(session, "/v2/health/ready", { ":method": "GET" });
  get.end();
  assert.equal((await outcomeOf(get)).headers[":status"], 405);
});

describe("a deadline", () => {
  test("that is over before the model runs saves the run", async () => {
    const other = await startGround();
    let runs = 0;
    other.state.infer = async () => {
      runs += 1;
      return [];
    };
    const outcome = await send(openSession(other.port), inferPath, inferRequest([1]), { "grpc-timeout": "0m" });
    assert.deepEqual([outcome.status, runs], [4, 0]);
  });

  test("that passes while the model runs is answered then, and the model's answer never", async () => {
    const other = await startGround();
    const running = Promise.withResolvers<{ readonly deadline: number | undefined }>();
    const done = Promise.withResolvers<never[]>();
    other.state.infer = (_request, context) => {
      running.resolve(context);
      return done.promise;
    };
    const pending = send(openSession(other.port), inferPath, inferRequest([1]), { "grpc-timeout": "1H" });
    const { deadline = 0 } = await running.promise;
    assert.ok(Math.abs(deadline - performance.now() - 3_600_000) < 60_000);
    other.state.now = () => deadline;
    assert.equal((await pending).status, 4);
    done.resolve([]);
    await other.callsOver(1);
    assert.deepEqual([other.reports.length, other.reports[0]?.code, other.faults.length], [1, 4, 0]);
  });

  test("that cannot be read is refused", async () => {
    const outcome = await send(session, inferPath, inferRequest([1]), { "grpc-timeout": "soon" });
    assert.deepEqual([outcome.status, outcome.trailers["problem-code"]], [3, "BadTimeout"]);
  });
});

describe("memory", () => {
  async function refusal(other: Ground, data: Buffer, headers = {}): Promise<readonly [number, unknown]> {
    const outcome = await send(openSession(other.port), inferPath, data, headers);
    return [outcome.status, outcome.trailers["problem-code"]];
  }

  test("is bounded for a message, compressed or not", async () => {
    const other = await startGround({ messageLimitBytes: 100_000 });
    assert.deepEqual(await refusal(other, rawInferRequest(30_000)), [8, "BodyTooLarge"]);
    const bomb = frame(gzipSync(Buffer.alloc(10_000_000)), 1);
    assert.deepEqual(await refusal(other, bomb, { "grpc-encoding": "gzip" }), [8, "BodyTooLarge"]);
    await other.callsOver(2);
    assert.equal(other.reserved(), 0);
  });

  test("that is taken already makes a call come again later", async () => {
    const other = await startGround();
    other.state.memory = 2000;
    assert.deepEqual(await refusal(other, rawInferRequest(1000)), [14, "Overloaded"]);
    const compressed = frame(gzipSync(Buffer.alloc(100_000)), 1);
    assert.ok(compressed.length < 500);
    assert.deepEqual(await refusal(other, compressed, { "grpc-encoding": "gzip" }), [14, "Overloaded"]);
    assert.equal((await send(openSession(other.port), inferPath, rawInferRequest(100))).status, 0);
    await other.callsOver(3);
    assert.equal(other.reserved(), 0);
  });

  test("is reserved before a message has come, and given back when its client goes", async () => {
    const other = await startGround();
    const client = openSession(other.port);
    begin(client, inferPath).write(rawInferRequest(1000).subarray(0, 100));
    await arrived(other);
    assert.ok(other.reserved() > 4000);
    client.destroy();
    await other.callsOver(1);
    assert.deepEqual([other.reserved(), other.reports[0]?.code], [0, 1]);
  });

  test("of an inflated message is given back though its client went while it came", async () => {
    const other = await startGround({ messageLimitBytes: 64_000_000 });
    const client = openSession(other.port);
    const stream = begin(client, inferPath, { "grpc-encoding": "gzip" });
    stream.end(frame(gzipSync(Buffer.alloc(60_000_000)), 1));
    while (other.reserved() < 1_000_000) await new Promise((resolve) => setImmediate(resolve));
    stream.close(8);
    await other.callsOver(1);
    // What was being inflated comes for some turns still.
    assert.equal((await send(client, inferPath, rawInferRequest(100_000))).status, 0);
    await other.callsOver(2);
    assert.equal(other.reserved(), 0);
  });

  test("that typed values take when they are decoded is reserved before", async () => {
    const other = await startGround({ datatypes: ["INT64"] });
    const input = {
      name: "in_INT64",
      datatype: "INT64",
      shape: [1000],
      contents: { int64_contents: Array(1000).fill(1n) },
    };
    const message = frame(inference.encode("ModelInferRequest", { model_name: "m", inputs: [input] }));
    // Without the prefix.
    const received = message.length - 5;
    assert.ok(received < 1100);
    other.state.memory = received + 7999;
    assert.deepEqual(await refusal(other, message), [14, "Overloaded"]);
    // The values of the answer are typed as well: ten bytes each may take.
    other.state.memory = received + 8000 + 9999;
    assert.deepEqual(await refusal(other, message), [14, "AnswerTooLarge"]);
    other.state.memory = received + 8000 + 10_000;
    assert.equal((await send(openSession(other.port), inferPath, message)).status, 0);
    await other.callsOver(3);
    assert.equal(other.reserved(), 0);
  });

  /** The service holds as many bytes for its outputs. */
  const outputBytes = 4_000_000;
  async function largeAnswers(): Promise<Ground> {
    const other = await startGround();
    other.state.infer = async (_request, { hold }) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (!hold(outputBytes)) return problems.answerTooLarge(outputBytes);
      const data = new Float32Array(outputBytes / 4);
      return [{ name: "out_FP32", datatype: "FP32", shape: [data.length], data }];
    };
    return other;
  }

  test("of an answer is held until it has left, however the call ends", async () => {
    for (const [way, end] of [
      ["read", (stream) => stream.resume()],
      ["reset", (stream) => stream.close(8)],
      ["lost", (_stream, client) => client.destroy()],
      [
        "drained",
        (stream, _client, other) => {
          other.server.goAway();
          stream.resume();
        },
      ],
      [
        "late",
        (_stream, _client, other) => {
          const late = performance.now() + 1_000_000;
          other.state.now = () => late;
        },
      ],
    ] as const satisfies readonly (readonly [
      string,
      (stream: ClientHttp2Stream, client: ClientHttp2Session, other: Ground) => void,
    ])[]) {
      const other = await largeAnswers();
      const client = openSession(other.port);
      const stream = begin(client, inferPath);
      stream.end(rawInferRequest(1));
      // Its window is smaller than the answer, of which it reads nothing.
      await once(stream, "response");
      assert.ok(other.reserved() >= outputBytes, way);
      assert.equal(other.reports.length, 0, way);
      end(stream, client, other);
      await other.callsOver(1);
      assert.equal(other.reserved(), 0, way);
    }
  });

  test("that outputs do not find makes a call come again later", async () => {
    const other = await largeAnswers();
    other.state.memory = outputBytes;
    assert.deepEqual(await refusal(other, rawInferRequest(1)), [14, "AnswerTooLarge"]);
    await other.callsOver(1);
    assert.equal(other.reserved(), 0);
  });

  test("is not reserved for outputs whose client has gone", async () => {
    const other = await startGround();
    const running = Promise.withResolvers<(bytes: number) => boolean>();
    other.state.infer = (_request, { hold }) => {
      running.resolve(hold);
      return Promise.withResolvers<never[]>().promise;
    };
    const stream = begin(openSession(other.port), inferPath);
    stream.end(inferRequest([1]));
    const hold = await running.promise;
    assert.equal(hold(1), true);
    stream.close(8);
    await other.callsOver(1);
    assert.equal(hold(1), false);
    assert.equal(other.reserved(), 0);
  });

  test("of refused messages costs the connection nothing: it goes on", async () => {
    const other = await startGround({ messageLimitBytes: 1000 });
    const client = openSession(other.port);
    for (let round = 0; round < 20; round++) {
      assert.equal((await send(client, inferPath, rawInferRequest(500_000))).status, 8, `round ${round}`);
    }
    assert.equal((await send(client, inferPath, inferRequest([1]))).status, 0);
  });
});

test("a request that stops coming is ended, and one that goes on is not", async () => {
  const limits = { graceSeconds: 1, messageSeconds: 10, bytesPerSecond: 100 };
  for (const [seconds, sent, isEnded] of [
    [0.9, 10, false],
    [1.2, 10, true],
    [5, 1000, false],
    [10.5, 3000, true],
  ] as const) {
    const other = await startGround({ limits });
    const stream = begin(openSession(other.port), inferPath);
    stream.write(rawInferRequest(10_000).subarray(0, sent));
    const outcome = outcomeOf(stream);
    const begun = performance.now();
    await arrived(other);
    // The rest of the time passes on the server's clock alone.
    other.state.now = () => begun + seconds * 1000;
    if (isEnded) {
      assert.equal((await outcome).status, 4, `${seconds} s`);
      continue;
    }
    await nextSweeps();
    assert.equal(other.reports.length, 0, `${seconds} s`);
    stream.close(8);
  }
});

test("a client that cancels is never answered, and the call is over once", async () => {
  const other = await startGround();
  const client = openSession(other.port);
  const running = Promise.withResolvers<() => boolean>();
  const done = Promise.withResolvers<never[]>();
  other.state.infer = (_request, context) => {
    running.resolve(context.isGone);
    return done.promise;
  };
  const stream = begin(client, inferPath);
  stream.end(inferRequest([1]));
  const isGone = await running.promise;
  assert.equal(isGone(), false);
  stream.close(8);
  await other.callsOver(1);
  assert.equal(isGone(), true);
  done.resolve([]);
  other.state.infer = async () => [];
  assert.equal((await send(client, inferPath, inferRequest([1]))).status, 0);
  await other.callsOver(2);
  assert.deepEqual(
    other.reports.map(({ code }) => code),
    [1, 0],
  );
  assert.deepEqual(other.faults, []);
});

async function arrived(other: Ground): Promise<void> {
  while (other.server.exchanges() === 0 || other.reserved() === 0) await new Promise((next) => setImmediate(next));
}

/** Long enough for the sweeper to have come by. */
async function nextSweeps(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 600));
}
