import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { problems } from "../../../../server/errors.ts";
import { tensorProblems } from "../../../../server/tensor-problems.ts";
import type { Datatype, TensorData } from "../../../../server/tensor.ts";
import type { ProtoObject } from "../../../fixtures/proto-message.ts";
import {
  begin,
  call,
  frame,
  inference,
  inferPath,
  inferRequest,
  openSession,
  outcomeOf,
  rawInferRequest,
  send,
} from "./client.ts";
import { startGround } from "./ground.ts";

const ground = await startGround();
const session = openSession(ground.port);

test("the server and its model are described", async () => {
  assert.deepEqual(await call(session, "ServerLive", {}), { live: true });
  assert.deepEqual(await call(session, "ServerReady", {}), { ready: true });
  assert.deepEqual(await call(session, "ModelReady", { name: "m" }), { ready: true });
  assert.deepEqual(await call(session, "ServerMetadata", {}), {
    name: "slipway",
    version: "1.2.3",
    extensions: ["statistics"],
  });
  assert.deepEqual(await call(session, "ModelMetadata", { name: "m", version: "v7" }), {
    name: "m",
    versions: ["v7"],
    platform: "onnx_onnxv1",
    inputs: [{ name: "in_FP32", datatype: "FP32", shape: [-1n], parameters: [] }],
    outputs: [{ name: "out_FP32", datatype: "FP32", shape: [-1n], parameters: [] }],
  });
  assert.deepEqual(await call(session, "ModelConfig", { name: "m" }), {
    config: {
      name: "m",
      platform: "onnxruntime_onnx",
      input: [{ name: "in", data_type: 11, dims: [-1n, 4n] }],
      output: [{ name: "out", data_type: 11, dims: [-1n, 4n] }],
      instance_group: [{ kind: 1 }],
      dynamic_batching: { preferred_batch_size: [8] },
      parameters: [{ key: "provider", value: { string_value: "cuda" } }],
      backend: "onnxruntime",
    },
  });
  assert.deepEqual(await call(session, "RepositoryIndex", { ready: true }), {
    models: [{ name: "m", version: "v7", state: "READY" }],
  });
});

test("statistics are exact", async () => {
  const duration = (count: bigint): object => ({ count, ns: count * 1000n });
  assert.deepEqual(await call(session, "ModelStatistics", { name: "m", version: "1" }), {
    model_stats: [
      {
        name: "m",
        version: "v7",
        last_inference: 1_700_000_000_000n,
        inference_count: 30n,
        execution_count: 20n,
        inference_stats: {
          success: duration(1n),
          fail: duration(2n),
          queue: duration(3n),
          compute_input: duration(4n),
          compute_infer: duration(5n),
          compute_output: duration(6n),
        },
        batch_stats: [
          {
            batch_size: 8n,
            compute_input: duration(7n),
            compute_infer: duration(8n),
            compute_output: { count: 2n ** 45n, ns: BigInt(2 ** 45 * 1000) },
          },
        ],
      },
    ],
  });
});

describe("an inference", () => {
  test("is answered in the form of its request: typed", async () => {
    const outcome = await send(session, inferPath, inferRequest([1, 2.5], { id: "a" }));
    const response = inference.decode("ModelInferResponse", outcome.messages[0] ?? Buffer.alloc(0));
    assert.deepEqual([response["model_name"], response["model_version"], response["id"]], ["m", "v7", "a"]);
    const [output] = response["outputs"] as readonly ProtoObject[];
    assert.ok(output !== undefined);
    assert.deepEqual((output["contents"] as ProtoObject)["fp32_contents"], [1, 2.5]);
    assert.deepEqual([output["name"], output["shape"]], ["out_FP32", [2n]]);
  });

  test("is answered in the form of its request: raw, small and large", async () => {
    for (const count of [1, 4000, 150_528, 1_000_000]) {
      const request = rawInferRequest(count);
      const outcome = await send(session, inferPath, request);
      assert.equal(outcome.status, 0, outcome.message);
      const response = inference.decode("ModelInferResponse", outcome.messages[0] ?? Buffer.alloc(0));
      const [raw] = response["raw_output_contents"] as readonly Uint8Array[];
      assert.ok(Buffer.from(raw ?? []).equals(request.subarray(-4 * count)), `${count} values`);
    }
  });

  test("of a large raw tensor runs on the bytes that came, without a copy", async () => {
    const other = await startGround();
    const views: boolean[] = [];
    other.state.infer = async ({ inputs }) => {
      const [data] = inputs.map((input) => input.data);
      views.push(data !== undefined && !Array.isArray(data) && data.buffer.byteLength > data.byteLength);
      return [];
    };
    // Wherever the values lie in the message.
    for (const id of ["", "a", "ab", "abc", "abcd"]) {
      await send(openSession(other.port), inferPath, rawInferRequest(50_000, { id }));
    }
    assert.deepEqual(views, [true, true, true, true, true]);
  });

  test("gives its memory up: a large message to the next, its tensors at once, and all when nobody is connected", async () => {
    const other = await startGround();
    const seen: TensorData[] = [];
    other.state.infer = async ({ inputs }) => {
      seen.push(...inputs.map(({ data }) => data));
      return [];
    };
    const client = openSession(other.port);
    const request = rawInferRequest(50_000);
    for (let count = 1; count <= 2; count++) {
      await send(client, inferPath, request);
      await other.callsOver(count);
    }
    const [one, two] = seen.map((data) => (Array.isArray(data) ? undefined : data.buffer));
    assert.ok(one !== undefined && !one.detached);
    assert.equal(one, two);
    await send(client, inferPath, inferRequest(Array(50_000).fill(1.5), { id: "a" }));
    // Typed values do not lie where a tensor has to: they were copied.
    assert.ok(seen[2] !== undefined && seen[2].length === 0, "copied values are freed");
    client.close();
    await other.allClosed();
    assert.equal(one.detached, true);
  });

  test("takes the version by its name, as 1, or not at all", async () => {
    for (const model_version of ["v7", "1", ""]) {
      assert.equal((await send(session, inferPath, inferRequest([1], { model_version }))).status, 0, model_version);
    }
  });

  test("of another model or version is not found", async () => {
    const model = await send(session, inferPath, inferRequest([1], { model_name: "other" }));
    assert.deepEqual([model.status, model.message], [5, problems.unknownModel("other", "m").message]);
    assert.equal(model.trailers["problem-code"], "UnknownModel");
    const version = await send(session, inferPath, inferRequest([1], { model_version: "2" }));
    assert.deepEqual([version.status, version.trailers["problem-code"]], [5, "UnknownVersion"]);
  });

  test("that is wrong says what is wrong with it", async () => {
    const outcome = await send(session, inferPath, inferRequest([1], { outputs: [{ name: "é\n%" }] }));
    assert.equal(outcome.status, 3);
    assert.equal(outcome.message, tensorProblems.unknownOutput("é\n%", ["out_FP32"]).message);
    assert.equal(outcome.messages.length, 0);
  });

  test("carries its id, the client's own if it has one", async () => {
    const given = await send(session, inferPath, inferRequest([1]), { "x-request-id": "mine" });
    assert.equal(given.headers["x-request-id"], "mine");
    await ground.callsOver(1);
    assert.equal(ground.reports.at(-1)?.id, "mine");
    assert.match(String((await send(session, inferPath, inferRequest([1]))).headers["x-request-id"]), /^made-/);
  });

  test("may be compressed by gzip and by deflate", async () => {
    const plain = rawInferRequest(50_000).subarray(5);
    for (const [encoding, bytes] of [
      ["gzip", gzipSync(plain)],
      ["deflate", deflateSync(plain)],
    ] as const) {
      const outcome = await send(session, inferPath, frame(bytes, 1), { "grpc-encoding": encoding });
      assert.equal(outcome.status, 0, outcome.message);
      assert.equal((await send(session, inferPath, frame(plain), { "grpc-encoding": encoding })).status, 0);
    }
    const unknown = await send(session, inferPath, frame(plain, 1), { "grpc-encoding": "zstd" });
    assert.deepEqual([unknown.status, unknown.headers["grpc-accept-encoding"]], [12, "identity,gzip,deflate"]);
    const broken = await send(session, inferPath, frame(plain, 1), { "grpc-encoding": "gzip" });
    assert.deepEqual([broken.status, broken.trailers["problem-code"]], [3, "BadCompression"]);
  });
});

test("every datatype comes back as it was, typed and raw", async () => {
  const datatypes: readonly Datatype[] = ["BOOL", "UINT8", "UINT64", "INT16", "INT64", "FP32", "FP64", "BYTES"];
  const { port } = await startGround({ datatypes });
  const other = openSession(port);
  const contents: Readonly<Record<string, ProtoObject>> = {
    BOOL: { bool_contents: [true] },
    UINT8: { uint_contents: [255] },
    UINT64: { uint64_contents: [2n ** 64n - 1n] },
    INT16: { int_contents: [-32_768] },
    INT64: { int64_contents: [-(2n ** 63n)] },
    FP32: { fp32_contents: [Number.NaN] },
    FP64: { fp64_contents: [0.1] },
    BYTES: { bytes_contents: [Uint8Array.from(Buffer.from("é"))] },
  };
  const inputs = datatypes.map((datatype) => ({ name: `in_${datatype}`, datatype, shape: [1] }));
  const typed = inputs.map((input) => ({ ...input, contents: contents[input.datatype] ?? {} }));
  const answer = await call(other, "ModelInfer", { model_name: "m", inputs: typed });
  for (const [index, output] of (answer["outputs"] as readonly ProtoObject[]).entries()) {
    const [field = "", values] = Object.entries(contents[datatypes[index] ?? ""] ?? {})[0] ?? [];
    assert.deepEqual((output["contents"] as ProtoObject)[field], values, field);
  }

  const raw = [[1], [255], Array(8).fill(255), [0, 128], [0, 0, 0, 0, 0, 0, 0, 128], [0, 0, 192, 127]];
  const all = [...raw, [154, 153, 153, 153, 153, 153, 185, 63], [2, 0, 0, 0, 0xc3, 0xa9]].map((bytes) =>
    Uint8Array.from(bytes as number[]),
  );
  const rawAnswer = await call(other, "ModelInfer", { model_name: "m", inputs, raw_input_contents: all });
  assert.deepEqual(rawAnswer["raw_output_contents"], all);
});

test("what is not possible here says what to do instead", async () => {
  for (const method of ["ModelStreamInfer", "RepositoryModelLoad", "SystemSharedMemoryRegister", "TraceSetting"]) {
    const outcome = await send(session, `/inference.GRPCInferenceService/${method}`, frame(Buffer.alloc(0)));
    assert.deepEqual([outcome.status, outcome.trailers["problem-code"]], [12, "MethodUnsupported"], method);
  }
});

test("what is not possible here is refused before a request has come", async () => {
  // A client of a stream may wait for the first answer with its side still open.
  const outcome = await outcomeOf(begin(session, "/inference.GRPCInferenceService/ModelStreamInfer"));
  assert.deepEqual([outcome.status, outcome.trailers["problem-code"]], [12, "MethodUnsupported"]);
});

test("statistics of all models are those of the one", async () => {
  const ofAll = await call(session, "ModelStatistics", {});
  assert.deepEqual(ofAll, await call(session, "ModelStatistics", { name: "m" }));
  await assert.rejects(call(session, "ModelStatistics", { name: "other" }), /^Error: 5: /);
  await assert.rejects(call(session, "ModelStatistics", { version: "9" }), /^Error: 5: /);
  await assert.rejects(call(session, "ModelConfig", {}), /^Error: 5: /);
});

test("a model that is loading, draining or broken says so", async () => {
  const other = await startGround();
  const client = openSession(other.port);
  other.state.phase = "loading";
  other.state.model = undefined;
  assert.deepEqual(await call(client, "ServerLive", {}), { live: true });
  assert.deepEqual(await call(client, "ServerReady", {}), {});
  assert.deepEqual(await call(client, "ModelReady", { name: "m" }), {});
  for (const method of ["ModelMetadata", "ModelConfig"]) {
    await assert.rejects(call(client, method, { name: "m" }), /^Error: 14: .*loading/);
  }
  const infer = await send(client, inferPath, inferRequest([1]));
  assert.deepEqual([infer.status, infer.trailers["grpc-retry-pushback-ms"]], [14, "1000"]);
  assert.deepEqual(await call(client, "RepositoryIndex", { ready: true }), { models: [] });
  for (const [phase, state] of [
    ["loading", "LOADING"],
    ["draining", "UNLOADING"],
    ["failed", "UNAVAILABLE"],
  ] as const) {
    other.state.phase = phase;
    const [model] = (await call(client, "RepositoryIndex", {}))["models"] as readonly ProtoObject[];
    assert.equal(model?.["state"], state);
  }
  await assert.rejects(call(client, "RepositoryIndex", { repository_name: "r" }), /^Error: 3: repository_name is "r"/);
});

test("a service that fails is an internal error, and no more is said of it", async () => {
  const other = await startGround();
  const client = openSession(other.port);
  for (const fail of [
    () => Promise.reject(new Error("/secret/path")),
    (): never => {
      throw new Error("/secret/path");
    },
  ]) {
    other.state.infer = fail;
    const outcome = await send(client, inferPath, inferRequest([1]));
    assert.equal(outcome.status, 13);
    assert.ok(!outcome.message.includes("secret"));
  }
  assert.equal(other.faults.length, 2);
  other.state.infer = () => Promise.resolve(problems.queueFull(3));
  assert.equal((await send(client, inferPath, inferRequest([1]))).status, 14);
});
