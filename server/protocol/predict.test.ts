import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isProblem } from "../errors.ts";
import type { Signature } from "../tensor.ts";
import { decodePredict, encodePredict } from "./predict.ts";
import type { EncodedAnswer } from "./request.ts";

const one: Signature = { inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }], outputs: [] };
const two: Signature = {
  inputs: [
    { name: "a", datatype: "FP32", shape: [-1, 2] },
    { name: "rate", datatype: "INT64", shape: [] },
  ],
  outputs: [],
};

function decode(body: unknown, signature: Signature): ReturnType<typeof decodePredict> {
  return decodePredict(Buffer.from(JSON.stringify(body)), signature);
}

test("one input: nested arrays, the shape is the nesting's", () => {
  assert.deepEqual(
    decode(
      {
        input_data: [
          [1, 2],
          [3, 4],
        ],
      },
      one,
    ),
    {
      inputs: [{ name: "x", datatype: "FP32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
      outputs: undefined,
    },
  );
});

test("several inputs: by name, a scalar as the bare value", () => {
  assert.deepEqual(decode({ input_data: { rate: 8000, a: [[1, 2]] } }, two), {
    inputs: [
      { name: "a", datatype: "FP32", shape: [1, 2], data: Float32Array.of(1, 2) },
      { name: "rate", datatype: "INT64", shape: [], data: BigInt64Array.of(8000n) },
    ],
    outputs: undefined,
  });
});

test("one input by its name is taken as well", () => {
  assert.deepEqual(decode({ input_data: { x: [[1, 2]] } }, one), decode({ input_data: [[1, 2]] }, one));
});

test("names of Object's prototype are names as any other, and no name may stand twice", () => {
  const odd: Signature = {
    inputs: ["__proto__", "b"].map((name) => ({ name, datatype: "FP32", shape: [-1] })),
    outputs: [],
  };
  const request = decodePredict(Buffer.from('{"input_data":{"b":[4],"__proto__":[2,3]}}'), odd);
  assert.ok(!isProblem(request));
  assert.deepEqual(
    request.inputs.map(({ name, data }) => [name, data]),
    [
      ["__proto__", Float32Array.of(2, 3)],
      ["b", Float32Array.of(4)],
    ],
  );
  const twice = decodePredict(Buffer.from('{"input_data":{"__proto__":[1],"b":[1],"__proto__":[1]}}'), odd);
  assert.ok(isProblem(twice) && twice.code === "DuplicateInput");
});

describe("a wrong request is refused, and the message names the value and what is allowed", () => {
  const table: readonly (readonly [string, unknown, Signature, string, RegExp])[] = [
    ["no input_data", { inputs: [] }, one, "MissingField", /input_data is missing/],
    ["null", { input_data: null }, one, "WrongField", /input_data is null; it must be nested arrays of shape \[-1,2\]/],
    ["a number", { input_data: 5 }, one, "WrongField", /input_data is 5/],
    ["a string", { input_data: "abc" }, one, "WrongField", /input_data is "abc"/],
    ["wrong rank", { input_data: [1, 2] }, one, "WrongShape", /\[2\]; the model takes \[-1,2\]/],
    ["an empty array", { input_data: [] }, one, "WrongShape", /\[0\]; the model takes/],
    ["an unknown name", { input_data: { y: [[1, 2]] } }, one, "UnknownInput", /"y" is unknown; the model takes "x"/],
    ["an array for two inputs", { input_data: [[1, 2]] }, two, "WrongField", /an object with "a", "rate"/],
    ["null for a scalar", { input_data: { a: [[1, 2]], rate: null } }, two, "WrongField", /\["rate"\] is null/],
    ["a string for a scalar", { input_data: { a: [[1, 2]], rate: "8k" } }, two, "WrongElement", /\["rate"\] is "8k"/],
    ["deep nesting", { input_data: [[[[[[[[[[1]]]]]]]]]] }, one, "WrongShape", /the model takes \[-1,2\]/],
  ];
  for (const [name, body, signature, code, message] of table) {
    test(name, () => {
      const problem = decode(body, signature);
      assert.ok(isProblem(problem));
      assert.equal(problem.code, code, problem.message);
      assert.match(problem.message, message);
    });
  }
});

function textOf({ parts }: EncodedAnswer): string {
  return [...parts].join("");
}

test("an answer names the model and nests its outputs", () => {
  const model = { name: "m", version: "v1" };
  const y = { name: "y", datatype: "FP32", shape: [1, 2], data: Float32Array.of(1, 2) } as const;
  const s = { name: "s", datatype: "BOOL", shape: [], data: Uint8Array.of(1) } as const;
  assert.equal(textOf(encodePredict(model, [y])), '{"model_name":"m","model_version":"v1","predictions":[[1,2]]}');
  assert.equal(
    textOf(encodePredict(model, [y, s])),
    '{"model_name":"m","model_version":"v1","predictions":{"y":[[1,2]],"s":true}}',
  );
});
