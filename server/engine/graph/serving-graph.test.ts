import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { addModel, defaultModel, identityModel } from "../../../test/fixtures/models/arithmetic.ts";
import { mapsOutput, optionalModel, sequenceModel, zipMapModel } from "../../../test/fixtures/models/held-values.ts";
import { onnxModel } from "../../../test/fixtures/onnx.ts";
import type { ByteSource } from "../../fetch/onnx/protobuf.ts";
import type { Datatype, Tensor, TensorData } from "../../tensor.ts";
import { openSession, type Session } from "../session/session.ts";
import { servingGraphOf } from "./serving-graph.ts";

/** What is changed is loaded and run by ONNX Runtime itself: bytes alone prove nothing. */

const directory = mkdtempSync(join(tmpdir(), "slipway-graph-"));
after(() => rmSync(directory, { recursive: true }));
let files = 0;

function fileOf(model: Uint8Array): string {
  const path = join(directory, `${files++}.onnx`);
  writeFileSync(path, model);
  return path;
}

function open(modelPath: string): Session {
  const session = openSession({ modelPath, intraOpThreads: 1, providers: ["cpu"] }, { ORT_DISABLE_TELEMETRY: "1" });
  assert.ok(session.ok, session.ok ? "" : session.message);
  return session;
}

function run(session: Session, ...inputs: readonly Tensor[]): readonly Tensor[] {
  const outcome = session.run(
    inputs,
    session.signature.outputs.map(({ name }) => name),
  );
  assert.equal(outcome.kind, "done", outcome.kind === "refused" ? outcome.message : "");
  return outcome.kind === "done" ? outcome.outputs : [];
}

function floats(name: string, shape: readonly number[], ...values: readonly number[]): Tensor {
  return { name, datatype: "FP32", shape, data: Float32Array.from(values) };
}

describe("maps that a ZipMap makes are the tensor that it is given", () => {
  const probabilities = { name: "probabilities", datatype: "FP32", shape: [2, 2] } as const;
  const x = floats("x", [2, 2], 0.25, 0.75, 1, 0);
  const data = Float32Array.of(0.25, 0.75, 1, 0);

  test("with the labels in the signature, and with the values", () => {
    const session = open(fileOf(zipMapModel(["cat", "dog"])));
    assert.deepEqual(session.skippedOutputs, []);
    assert.deepEqual(session.signature.outputs, [
      { name: "label", datatype: "INT64", shape: [-1], dimensionNames: ["rows"] },
      {
        name: "probabilities",
        datatype: "FP32",
        shape: [-1, 2],
        dimensionNames: ["rows", ""],
        labels: ["cat", "dog"],
      },
    ]);
    assert.deepEqual(run(session, x), [
      { name: "label", datatype: "INT64", shape: [2], data: BigInt64Array.of(1n, 0n) },
      { ...probabilities, data, labels: ["cat", "dog"] },
    ]);
  });

  test("integers as labels are written out, negative ones as well", () => {
    const session = open(fileOf(zipMapModel([-1, 300])));
    assert.deepEqual(run(session, x)[1], { ...probabilities, data, labels: ["-1", "300"] });
  });

  test("a single row without a dimension for it has one", () => {
    const session = open(fileOf(zipMapModel(["cat", "dog"], { rank: 1 })));
    assert.deepEqual(run(session, floats("x", [2], 0.25, 0.75))[1], {
      ...probabilities,
      shape: [1, 2],
      data: Float32Array.of(0.25, 0.75),
      labels: ["cat", "dog"],
    });
  });

  test("behind an Identity, and under two names", () => {
    const nodes = [
      { operator: "Identity", inputs: ["probabilities"], outputs: ["between"] },
      { operator: "Identity", inputs: ["between"], outputs: ["last"] },
    ];
    const session = open(
      fileOf(zipMapModel(["cat", "dog"], { nodes, outputs: [mapsOutput("last"), mapsOutput("probabilities")] })),
    );
    const [, last, first] = run(session, x);
    assert.deepEqual(last, { ...probabilities, name: "last", data, labels: ["cat", "dog"] });
    assert.deepEqual(first, { ...probabilities, data, labels: ["cat", "dog"] });
  });

  test("several of them, each with labels of its own", () => {
    const nodes = [
      { operator: "Neg", inputs: ["x"], outputs: ["negative"] },
      {
        operator: "ZipMap",
        domain: "ai.onnx.ml",
        inputs: ["negative"],
        outputs: ["other"],
        attributes: { classlabels_strings: ["p", "q"] },
      },
    ];
    const outputs = [mapsOutput("probabilities"), mapsOutput("other")];
    const session = open(fileOf(zipMapModel(["cat", "dog"], { nodes, outputs })));
    const [, first, second] = run(session, x);
    assert.deepEqual(first?.labels, ["cat", "dog"]);
    assert.deepEqual(second?.labels, ["p", "q"]);
    assert.deepEqual(second?.data, Float32Array.of(-0.25, -0.75, -1, -0));
  });

  test("without a type in the model", () => {
    const outputs = [{ ...mapsOutput("probabilities"), isUntyped: true } as const];
    const session = open(fileOf(zipMapModel(["cat", "dog"], { outputs })));
    assert.deepEqual(run(session, x)[1]?.labels, ["cat", "dog"]);
  });
});

describe("a sequence of tensors", () => {
  const outputs = (elementType: Parameters<typeof sequenceModel>[0], a: Tensor, b: Tensor): readonly Tensor[] =>
    run(open(fileOf(sequenceModel(elementType))), a, b);

  test("of one shape is one tensor with a dimension more", () => {
    const [s, total] = outputs("float32", floats("a", [2, 1], 1, 2), floats("b", [2, 1], 3, 4));
    assert.deepEqual(s, {
      name: "s",
      datatype: "FP32",
      shape: [2, 2, 1],
      data: Float32Array.of(1, 2, 3, 4),
      elements: [
        [2, 1],
        [2, 1],
      ],
    });
    assert.deepEqual(total?.data, BigInt64Array.of(2n));
  });

  test("of different shapes, ranks and sizes of 0 keeps them all", () => {
    const [s] = outputs("float32", floats("a", [], 1), floats("b", [0, 3]));
    assert.deepEqual(s, { name: "s", datatype: "FP32", shape: [2], data: Float32Array.of(1), elements: [[], [0, 3]] });
  });

  const kinds: readonly (readonly [Parameters<typeof sequenceModel>[0], Datatype, TensorData])[] = [
    ["string", "BYTES", ["a", "ä"]],
    ["int64", "INT64", BigInt64Array.of(-(2n ** 62n) - 1n, 7n)],
    ["bool", "BOOL", Uint8Array.of(1, 0)],
    ["float64", "FP64", Float64Array.of(0.1, Number.NaN)],
    ["uint8", "UINT8", Uint8Array.of(0, 255)],
  ];
  for (const [elementType, datatype, data] of kinds) {
    test(`of ${datatype}`, () => {
      const tensor = (name: string): Tensor => ({ name, datatype, shape: [2], data });
      const [s] = outputs(elementType, tensor("a"), tensor("b"));
      assert.deepEqual(s?.shape, [2, 2]);
      assert.deepEqual([...s.data], [...data, ...data]);
    });
  }

  test("in the oldest operator set that has sequences", () => {
    assert.equal(
      run(open(fileOf(sequenceModel("float32", { opset: 11 }))), floats("a", [1], 1), floats("b", [1], 2)).length,
      2,
    );
  });

  test("its signature says what the model says of its tensors", () => {
    const model = onnxModel({
      nodes: [{ operator: "SequenceConstruct", inputs: ["x"], outputs: ["s"] }],
      inputs: [{ name: "x", elementType: "float32", dims: ["n", 3] }],
      outputs: [{ name: "s", elementType: "float32", dims: ["n", 3], held: "sequence" }],
    });
    assert.deepEqual(open(fileOf(model)).signature.outputs, [
      { name: "s", datatype: "FP32", shape: [-1, -1, 3], isSequence: true },
    ]);
    assert.deepEqual(open(fileOf(sequenceModel())).signature.outputs[0]?.shape, []);
  });
});

describe("an input that may be left out", () => {
  test("has the value of its initializer, or the one that is given", () => {
    const session = open(fileOf(defaultModel()));
    assert.deepEqual(
      session.signature.inputs.map(({ name, isOptional }) => [name, isOptional]),
      [
        ["x", undefined],
        ["k", true],
      ],
    );
    const x = floats("x", [2], 1, 2);
    assert.deepEqual(run(session, x)[0]?.data, Float32Array.of(5, 10));
    assert.deepEqual(run(session, x, floats("k", [1], 3))[0]?.data, Float32Array.of(3, 6));
    assert.deepEqual(run(session, x)[0]?.data, Float32Array.of(5, 10), "the default is as it was");
  });

  test("before IR version 4 an initializer is a constant", () => {
    assert.deepEqual(
      open(fileOf(defaultModel({ irVersion: 3 }))).signature.inputs.map(({ name }) => name),
      ["x"],
    );
  });

  test("weights that an exporter lists among the inputs stay weights", () => {
    const size = 128;
    const dims = [size, size];
    const model = onnxModel({
      nodes: [{ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
      inputs: [
        { name: "x", elementType: "float32", dims: ["n", size] },
        { name: "w", elementType: "float32", dims },
      ],
      outputs: [{ name: "y", elementType: "float32", dims: ["n", size] }],
      initializers: [{ name: "w", elementType: "float32", dims, raw: new Uint8Array(size * size * 4) }],
    });
    assert.equal(servingGraphOf(sourceOf(model), "m.onnx").bytes, undefined);
  });

  test("also when each of them is small", () => {
    const names = ["w1", "w2", "w3", "w4"];
    const dims = [5000];
    const model = onnxModel({
      nodes: [{ operator: "Sum", inputs: ["x", ...names], outputs: ["y"] }],
      inputs: ["x", ...names].map((name) => ({ name, elementType: "float32", dims })),
      outputs: [{ name: "y", elementType: "float32", dims }],
      initializers: names.map((name) => ({ name, elementType: "float32", dims, raw: new Uint8Array(20_000) })),
    });
    assert.equal(servingGraphOf(sourceOf(model), "m.onnx").bytes, undefined);
  });

  test("an optional of ONNX is taken as there or as not there", () => {
    const session = open(fileOf(optionalModel()));
    assert.deepEqual(session.signature.inputs[1], {
      name: "o",
      datatype: "FP32",
      shape: [-1],
      dimensionNames: ["n"],
      isOptional: true,
    });
    const x = floats("x", [1], 1);
    assert.deepEqual(run(session, x)[0]?.data, Float32Array.of(1));
    assert.deepEqual(run(session, x, floats("o", [1], 2))[0]?.data, Float32Array.of(2));
  });
});

describe("weights of a model that is changed", () => {
  const size = 256;
  const weights = Float32Array.from(
    { length: size * size },
    (_, index) => (Math.imul(index, 2_654_435_761) >>> 24) - 128,
  );
  const model = onnxModel({
    nodes: [
      { operator: "MatMul", inputs: ["x", "w"], outputs: ["product"] },
      { operator: "Mul", inputs: ["product", "k"], outputs: ["y"] },
    ],
    inputs: [
      { name: "x", elementType: "float32", dims: ["n", size] },
      { name: "k", elementType: "float32", dims: [1] },
    ],
    outputs: [{ name: "y", elementType: "float32", dims: ["n", size] }],
    initializers: [
      { name: "w", elementType: "float32", dims: [size, size], raw: new Uint8Array(weights.buffer) },
      { name: "k", elementType: "float32", dims: [1], raw: new Uint8Array(new Float32Array([1]).buffer) },
    ],
  });
  const x = floats("x", [1, size], ...Array.from({ length: size }, (_, index) => index % 3));
  const expected = Float32Array.from({ length: size }, (_, column) => {
    let sum = 0;
    for (let row = 0; row < size; row++) sum += (row % 3) * (weights[row * size + column] ?? 0);
    return sum;
  });

  test("are not held a second time, and are the same", () => {
    const { bytes } = servingGraphOf(sourceOf(model), "m.onnx");
    assert.ok(bytes !== undefined && bytes.length < 1000, `${bytes?.length} bytes`);
    const [y] = run(open(fileOf(model)), x);
    assert.ok(expected.every((value, index) => y?.data[index] === value));
  });

  test("are copied when the file is a link, as external data is not followed through one", () => {
    const elsewhere = join(directory, "elsewhere");
    mkdirSync(elsewhere);
    const path = join(elsewhere, "link.onnx");
    symlinkSync(fileOf(model), path);
    const [y] = run(open(path), x);
    assert.ok(expected.every((value, index) => y?.data[index] === value));
  });

  test("that lie in other files are found there", () => {
    writeFileSync(join(directory, "w.bin"), new Uint8Array(new Float32Array([7]).buffer));
    const external = onnxModel({
      nodes: [
        { operator: "Mul", inputs: ["x", "w"], outputs: ["product"] },
        { operator: "Mul", inputs: ["product", "k"], outputs: ["y"] },
      ],
      inputs: [
        { name: "x", elementType: "float32", dims: ["n"] },
        { name: "k", elementType: "float32", dims: [1] },
      ],
      outputs: [{ name: "y", elementType: "float32", dims: ["n"] }],
      initializers: [
        { name: "w", elementType: "float32", dims: [1], external: { location: "w.bin", length: 4 } },
        { name: "k", elementType: "float32", dims: [1], raw: new Uint8Array(new Float32Array([2]).buffer) },
      ],
    });
    assert.deepEqual(run(open(fileOf(external)), floats("x", [1], 3))[0]?.data, Float32Array.of(42));
  });
});

test("most models are loaded as they are", () => {
  for (const model of [addModel(), identityModel({ elementType: "string" }), optionalModel()]) {
    assert.equal(servingGraphOf(sourceOf(model), "m.onnx").bytes, undefined);
  }
});

test("whatever the bytes are, reading ends in a graph or in a failure of the reader's own", () => {
  const models = [zipMapModel(["cat", "dog"]), sequenceModel(), defaultModel()];
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.constantFrom(...models), flips, (model, flipped) => {
      const content = Buffer.from(model);
      for (const [at, bit] of flipped) content[at % content.length] = (content[at % content.length] ?? 0) ^ (1 << bit);
      try {
        servingGraphOf(sourceOf(content), "m.onnx");
      } catch (error) {
        assert.ok(error instanceof Error && "reason" in error, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read(offset, length) {
      assert.ok(offset >= 0 && length >= 0 && offset + length <= bytes.length, "read past the end");
      return bytes.subarray(offset, offset + length);
    },
  };
}
