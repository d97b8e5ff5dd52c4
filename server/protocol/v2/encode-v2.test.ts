import assert from "node:assert/strict";
import { test } from "node:test";
import { isProblem } from "../../errors.ts";
import type { Signature, Tensor } from "../../tensor.ts";
import { encodeV2, modelMetadata } from "./encode-v2.ts";

const model = { name: "m", version: "v1" };
const asJson = { byDefault: false, byName: new Map<string, boolean>() };

function textOf(id: string | undefined, outputs: readonly Tensor[]): string {
  const { headers, parts } = encodeV2(model, { id, binary: asJson }, outputs);
  assert.deepEqual(headers, {});
  return [...parts].join("");
}

test("an answer names the model, echoes the id, and is valid JSON", () => {
  const outputs: readonly Tensor[] = [
    { name: "sum", datatype: "FP32", shape: [1, 2], data: Float32Array.of(1.5, Number.NaN) },
    { name: 'odd "name"', datatype: "BYTES", shape: [1], data: ['"\n'] },
  ];
  assert.deepEqual(JSON.parse(textOf("7", outputs)), {
    model_name: "m",
    model_version: "v1",
    id: "7",
    outputs: [
      { name: "sum", datatype: "FP32", shape: [1, 2], data: [1.5, "NaN"] },
      { name: 'odd "name"', datatype: "BYTES", shape: [1], data: ['"\n'] },
    ],
  });
  assert.equal("id" in (JSON.parse(textOf(undefined, [])) as object), false);
});

test("floats that JSON or JavaScript would change keep what they are, among others or alone", () => {
  const special = [-0, 0, 1e21, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1.5];
  for (const data of [Float64Array.from(special), Float32Array.of(-0), Float16Array.of(1, -0)]) {
    const datatype = data instanceof Float64Array ? "FP64" : data instanceof Float32Array ? "FP32" : "FP16";
    const text = textOf(undefined, [{ name: "y", datatype, shape: [data.length], data }]);
    const { outputs } = JSON.parse(text) as { outputs: { data: (number | string)[] }[] };
    const read = outputs[0]?.data.map(Number) ?? [];
    assert.ok(read.length === data.length && read.every((value, index) => Object.is(value, data[index])), text);
    // Readers with a type for integers take a bare -0 for 0.
    assert.match(text, /-0\.0/);
    assert.doesNotMatch(text, /-0[,\]]/);
  }
});

test("a small answer is one text; a large one comes in bounded parts, made as they are taken", () => {
  const small: Tensor = { name: "y", datatype: "INT32", shape: [100], data: new Int32Array(100) };
  const one = encodeV2(model, { id: undefined, binary: asJson }, [small]);
  assert.ok(Array.isArray(one.parts) && one.parts.length === 1);

  const data = Int32Array.from({ length: 400_000 }, (_, index) => index);
  const large: Tensor = { name: "y", datatype: "INT32", shape: [400_000], data };
  const parts = encodeV2(model, { id: undefined, binary: asJson }, [large, small]).parts[Symbol.iterator]();
  let text = "";
  let count = 0;
  for (let part = parts.next(); part.done !== true; part = parts.next()) {
    assert.ok(part.value.length < 1_000_000, "a part is bounded");
    text += Buffer.from(part.value).toString("latin1");
    count += 1;
    // Whatever was not taken is not made yet.
    if (count === 1) data[399_999] = -1;
  }
  assert.ok(count > 2);
  const { outputs } = JSON.parse(text) as { outputs: { data: number[] }[] };
  assert.equal(outputs[0]?.data.length, 400_000);
  assert.equal(outputs[0]?.data[399_998], 399_998);
  assert.equal(outputs[0]?.data[399_999], -1);
  assert.equal(outputs[1]?.data.length, 100);
});

test("metadata has the names, datatypes and shapes of the model", () => {
  const signature: Signature = {
    inputs: [{ name: "a", datatype: "FP32", shape: [-1, 2] }],
    outputs: [{ name: "sum", datatype: "FP32", shape: [-1, 2] }],
  };
  assert.deepEqual(modelMetadata({ name: "m", version: "v1", signature, provider: "cuda" }), {
    name: "m",
    versions: ["v1"],
    platform: "onnx_onnxv1",
    inputs: signature.inputs,
    outputs: signature.outputs,
    parameters: { provider: "cuda" },
  });
});

test("the text before binary outputs is held as a whole, and only as far as there is room for it", () => {
  const binary = { byDefault: false, byName: new Map([["z", true]]) };
  const y: Tensor = {
    name: "y",
    datatype: "FP32",
    shape: [200_000],
    data: new Float32Array(200_000).fill(-1.40902455e-30),
  };
  const z: Tensor = { name: "z", datatype: "FP32", shape: [1], data: Float32Array.of(1) };
  let held = 0;
  const upTo = (room: number) => (bytes: number) => {
    held += bytes;
    return held <= room;
  };
  const whole = encodeV2(model, { id: undefined, binary }, [y, z], upTo(Number.POSITIVE_INFINITY));
  assert.ok(!isProblem(whole));
  // Up to seven spaces come behind it.
  const padding = Number(whole.headers["inference-header-content-length"]) - held;
  assert.ok(padding >= 0 && padding < 8, `${padding} bytes were not asked for`);
  assert.ok(held > 200_000 * 15);
  held = 0;
  const refused = encodeV2(model, { id: undefined, binary }, [y, z], upTo(1_000_000));
  assert.ok(isProblem(refused));
  assert.equal(refused.code, "AnswerTooLarge");
  assert.ok(held < 2_000_000, `${held} bytes were made`);
  // What is all text is made as the client reads.
  held = 0;
  encodeV2(model, { id: undefined, binary: asJson }, [y, z], upTo(0));
  assert.equal(held, 0);
});
