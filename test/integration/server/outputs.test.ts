import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { addModel, defaultModel } from "../../fixtures/models/arithmetic.ts";
import { optionalModel, sequenceModel, zipMapModel } from "../../fixtures/models/held-values.ts";
import { onnxModel } from "../../fixtures/onnx.ts";
import type { ProtoObject } from "../../fixtures/proto-message.ts";
import { call as grpcCall, openSession } from "./grpc/client.ts";
import { call, post, type Reply, type RunningServer, startServer } from "./harness.ts";

/** Outputs that are no tensors, and inputs that may be left out, over each protocol. */

interface Tensor {
  readonly name: string;
  readonly datatype?: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

const v2 = (server: RunningServer, inputs: readonly Tensor[], more: object = {}): Promise<Reply> =>
  post(`${server.url}/v2/models/m/infer`, { inputs: inputs.map((input) => ({ datatype: "FP32", ...input })), ...more });
const v1 = (server: RunningServer, body: object): Promise<Reply> => post(`${server.url}/v1/models/m:predict`, body);
const predict = (server: RunningServer, data: unknown): Promise<Reply> =>
  post(`${server.url}/predict`, { input_data: data });
const predictions = (reply: Reply): unknown => (reply.json as { readonly predictions?: unknown }).predictions;

function grpcOf(server: RunningServer): ReturnType<typeof openSession> {
  return openSession(Number(server.log().find(({ msg }) => msg === "listening")?.["grpcPort"]));
}

const grpcInput = (name: string, shape: readonly number[], ...values: readonly number[]): ProtoObject => ({
  name,
  datatype: "FP32",
  shape,
  contents: { fp32_contents: values },
});

async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "not refused",
    (error: unknown) => String(error),
  );
}

describe("a classifier that gives maps from class to probability", async () => {
  const server = await startServer({ files: { "model.onnx": zipMapModel(["cat", "dog"]) } });
  const rows = [
    [0.25, 0.75],
    [1, 0],
  ];
  const maps = [
    { cat: 0.25, dog: 0.75 },
    { cat: 1, dog: 0 },
  ];

  test("V1 and /predict have them", async () => {
    assert.deepEqual((await v1(server, { instances: rows })).json, {
      predictions: [
        { label: 1, probabilities: maps[0] },
        { label: 0, probabilities: maps[1] },
      ],
    });
    assert.deepEqual((await v1(server, { inputs: rows })).json, { outputs: { label: [1, 0], probabilities: maps } });
    assert.deepEqual(predictions(await predict(server, rows)), { label: [1, 0], probabilities: maps });
  });

  test("V2 has a tensor, in JSON and in binary form, and metadata the classes", async () => {
    const input = { name: "x", shape: [2, 2], data: rows.flat() };
    const output = { name: "probabilities", datatype: "FP32", shape: [2, 2], data: rows.flat() };
    const asked = { outputs: [{ name: "probabilities" }] };
    const { json } = await v2(server, [input], asked);
    assert.deepEqual((json as { readonly outputs: unknown }).outputs, [output]);
    const binary = await v2(server, [input], {
      outputs: [{ name: "probabilities", parameters: { binary_data: true } }],
    });
    assert.equal(binary.status, 200);
    assert.match(binary.text, /"binary_data_size":16\}/);
    const metadata = (await call(`${server.url}/v2/models/m`)).json as { readonly outputs: readonly object[] };
    assert.deepEqual(metadata.outputs[1], {
      name: "probabilities",
      datatype: "FP32",
      shape: [-1, 2],
      parameters: { dims: ["rows", 2], labels: ["cat", "dog"] },
    });
  });

  test("gRPC has the same", async () => {
    const grpc = grpcOf(server);
    const answer = await grpcCall(grpc, "ModelInfer", {
      model_name: "m",
      inputs: [grpcInput("x", [2, 2], ...rows.flat())],
    });
    const [, probabilities] = answer["outputs"] as readonly {
      readonly name: string;
      readonly shape: readonly bigint[];
    }[];
    assert.deepEqual([probabilities?.name, probabilities?.shape], ["probabilities", [2n, 2n]]);
    const metadata = await grpcCall(grpc, "ModelMetadata", { name: "m" });
    const [, output] = metadata["outputs"] as readonly { readonly parameters: unknown }[];
    assert.deepEqual(output?.parameters, [
      { key: "dims", value: { string_param: '["rows",2]' } },
      { key: "labels", value: { string_param: '["cat","dog"]' } },
    ]);
    grpc.destroy();
  });

  test("nothing is skipped, and it ends", async () => {
    assert.ok(!server.log().some((line) => "skippedOutputs" in line));
    assert.equal((await server.stop()).code, 0);
  });
});

describe("a model that gives a sequence", async () => {
  const server = await startServer({ files: { "model.onnx": sequenceModel() } });
  const a = { name: "a", shape: [2, 1], data: [1, 2] };
  const b = { name: "b", shape: [2, 2], data: [3, 4, 5, 6] };

  test("of different shapes: V1 and /predict have them, V2 says where they are", async () => {
    const columns = {
      a: [[1], [2]],
      b: [
        [3, 4],
        [5, 6],
      ],
    };
    assert.deepEqual(predictions(await predict(server, columns)), { s: [columns.a, columns.b], total: 2 });
    assert.deepEqual((await v1(server, { inputs: columns })).json, {
      outputs: { s: [columns.a, columns.b], total: 2 },
    });
    const refused = await v2(server, [a, b]);
    assert.deepEqual(
      [refused.status, refused.json],
      [
        400,
        {
          error:
            'output "s" is a sequence of 2 tensors of different shapes ([2,1], [2,2]), which no tensor can hold; ask for it in V1 or /predict, or name the other outputs',
          code: "RaggedOutput",
        },
      ],
    );
    assert.equal((await v2(server, [a, b], { outputs: [{ name: "total" }] })).status, 200);
    const grpc = grpcOf(server);
    const inputs = [grpcInput("a", a.shape, ...a.data), grpcInput("b", b.shape, ...b.data)];
    assert.match(
      await refusal(grpcCall(grpc, "ModelInfer", { model_name: "m", inputs })),
      /3: output "s" is a sequence of 2/,
    );
    grpc.destroy();
  });

  test("of one shape: V2 has one tensor", async () => {
    const { json } = await v2(server, [a, { ...a, name: "b" }], { outputs: [{ name: "s" }] });
    assert.deepEqual((json as { readonly outputs: unknown }).outputs, [
      { name: "s", datatype: "FP32", shape: [2, 2, 1], data: [1, 2, 1, 2] },
    ]);
    assert.equal((await server.stop()).code, 0);
  });
});

describe("an input with a default", async () => {
  const server = await startServer({ files: { "model.onnx": defaultModel() } });
  const x = { name: "x", shape: [2], data: [1, 2] };
  const k = { name: "k", shape: [1], data: [3] };
  const dataOf = (reply: Reply): unknown =>
    (reply.json as { readonly outputs: readonly { readonly data: unknown }[] }).outputs[0]?.data;

  test("may be left out or given, in every form", async () => {
    assert.deepEqual(dataOf(await v2(server, [x])), [5, 10]);
    assert.deepEqual(dataOf(await v2(server, [k, x])), [3, 6]);
    assert.deepEqual(predictions(await predict(server, [1, 2])), [5, 10], "the one that has no default needs no name");
    assert.deepEqual(predictions(await predict(server, { x: [1, 2] })), [5, 10]);
    assert.deepEqual(predictions(await predict(server, { k: [3], x: [1, 2] })), [3, 6]);
    assert.deepEqual((await v1(server, { instances: [1, 2] })).json, { predictions: [5, 10] });
    assert.deepEqual((await v1(server, { instances: [{ x: 1 }, { x: 2 }] })).json, { predictions: [5, 10] });
    assert.deepEqual((await v1(server, { inputs: { x: [1, 2], k: [3] } })).json, { outputs: [3, 6] });
    const grpc = grpcOf(server);
    for (const [inputs, expected] of [
      [[grpcInput("x", [2], 1, 2)], [5, 10]],
      [
        [grpcInput("x", [2], 1, 2), grpcInput("k", [1], 3)],
        [3, 6],
      ],
    ] as const) {
      const answer = await grpcCall(grpc, "ModelInfer", { model_name: "m", inputs });
      const [{ contents }] = answer["outputs"] as unknown as readonly [
        { readonly contents: { readonly fp32_contents: unknown } },
      ];
      assert.deepEqual(contents.fp32_contents, expected);
    }
    const config = await grpcCall(grpc, "ModelConfig", { name: "m" });
    const { input } = config["config"] as unknown as { readonly input: readonly { readonly optional?: boolean }[] };
    assert.deepEqual(
      input.map(({ optional }) => optional),
      [undefined, true],
    );
    grpc.destroy();
  });

  test("is said to have one, and the page's commands go without it", async () => {
    const metadata = (await call(`${server.url}/v2/models/m`)).json as { readonly inputs: readonly object[] };
    assert.deepEqual(metadata.inputs[1], { name: "k", datatype: "FP32", shape: [1], parameters: { optional: true } });
    const page = (await call(`${server.url}/`, { headers: { accept: "text/html" } })).text;
    // What it takes is described there, all of it.
    const others = page.replace(/<section class="card" id="api">[^]*?<\/section>/, "");
    assert.ok(others.length < page.length && others.includes("&#34;x&#34;"));
    assert.ok(!others.includes("&#34;k&#34;"), "neither commands nor the form have it");
  });

  test("is checked as any other, in one row or in all", async () => {
    const wrong = await v2(server, [x, { ...k, shape: [2], data: [1, 2] }]);
    assert.deepEqual([wrong.status, (wrong.json as { readonly code: string }).code], [400, "WrongShape"]);
    const mixed = await v1(server, { instances: [{ x: 1 }, { x: 2, k: 3 }] });
    assert.deepEqual([mixed.status, (mixed.json as { readonly code: string }).code], [400, "MissingInput"]);
    const last = await v1(server, { instances: [{ x: 1, k: 3 }, { x: 2 }] });
    assert.deepEqual([last.status, (last.json as { readonly code: string }).code], [400, "MissingInput"]);
    const without = await predict(server, { k: [3] });
    assert.deepEqual([without.status, (without.json as { readonly code: string }).code], [400, "MissingInput"]);
    assert.equal((await server.stop()).code, 0);
  });
});

test("an optional input of ONNX may be left out", async () => {
  const server = await startServer({ files: { "model.onnx": optionalModel("string") } });
  assert.deepEqual(predictions(await predict(server, { x: ["a"] })), ["a"]);
  assert.deepEqual(predictions(await predict(server, { x: ["a"], o: ["b"] })), ["b"]);
  assert.equal((await server.stop()).code, 0);
});

test("dimensions of one name have one size, in every protocol", async () => {
  const server = await startServer({ files: { "model.onnx": addModel() } });
  const message =
    '"batch" is 1 in dimension 0 of input "a" and 2 in dimension 0 of input "b"; the model gives these dimensions one name, so they must be equal';
  const expected = [400, { error: message, code: "SizesDisagree" }];
  const columns = {
    a: [[1, 2]],
    b: [
      [1, 2],
      [3, 4],
    ],
  };
  for (const reply of [
    await predict(server, columns),
    await v1(server, { inputs: columns }),
    await v2(server, [
      { name: "a", shape: [1, 2], data: [1, 2] },
      { name: "b", shape: [2, 2], data: [1, 2, 3, 4] },
    ]),
  ]) {
    assert.deepEqual([reply.status, reply.json], expected);
  }
  const grpc = grpcOf(server);
  const inputs = [grpcInput("a", [1, 2], 1, 2), grpcInput("b", [2, 2], 1, 2, 3, 4)];
  assert.equal(await refusal(grpcCall(grpc, "ModelInfer", { model_name: "m", inputs })), `Error: 3: ${message}`);
  grpc.destroy();
  assert.equal((await server.stop()).code, 0);
});

test("an output whose type the model does not say is served", async () => {
  const model = onnxModel({
    nodes: [
      { operator: "Relu", inputs: ["x"], outputs: ["h"] },
      { operator: "Neg", inputs: ["h"], outputs: ["y"] },
    ],
    inputs: [{ name: "x", elementType: "float32", dims: ["n"] }],
    outputs: [{ name: "h", elementType: "float32", dims: ["n"], isUntyped: true }],
  });
  const server = await startServer({ files: { "model.onnx": model } });
  assert.deepEqual(predictions(await predict(server, [-1, 2])), [0, 2]);
  assert.equal((await server.stop()).code, 0);
});

test("the node that refuses is named, with its slashes", async () => {
  const weights = new Uint8Array(new Float32Array(12).buffer);
  const model = onnxModel({
    nodes: [{ operator: "MatMul", name: "/encoder/layer.0/attn/MatMul", inputs: ["x", "w"], outputs: ["y"] }],
    inputs: [{ name: "x", elementType: "float32", dims: ["n", "f"] }],
    outputs: [{ name: "y", elementType: "float32", dims: ["n", 3] }],
    initializers: [{ name: "w", elementType: "float32", dims: [4, 3], raw: weights }],
  });
  const server = await startServer({ files: { "model.onnx": model } });
  const reply = await predict(server, [[1, 2, 3]]);
  assert.deepEqual(reply.json, {
    error:
      "the model cannot run on these inputs: MatMul node. Name:'/encoder/layer.0/attn/MatMul' MatMul dimension mismatch",
    code: "RunRefused",
  });
  assert.equal((await server.stop()).code, 0);
});
