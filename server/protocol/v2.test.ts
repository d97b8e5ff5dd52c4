import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isProblem } from "../errors.ts";
import type { Signature } from "../tensor.ts";
import { decodeV2, encodeV2, modelMetadata, type V2Request } from "./v2.ts";

const signature: Signature = {
  inputs: [
    { name: "a", datatype: "FP32", shape: [-1, 2] },
    { name: "n", datatype: "INT64", shape: [] },
  ],
  outputs: [
    { name: "sum", datatype: "FP32", shape: [-1, 2] },
    { name: "count", datatype: "INT64", shape: [] },
  ],
};

const a = { name: "a", datatype: "FP32", shape: [1, 2], data: [1, 2] };
const n = { name: "n", datatype: "INT64", shape: [], data: [3] };

function decode(body: unknown): ReturnType<typeof decodeV2> {
  return decodeV2(Buffer.from(JSON.stringify(body)), signature);
}

function accept(body: unknown): V2Request {
  const request = decode(body);
  assert.ok(!isProblem(request), isProblem(request) ? request.message : "");
  return request;
}

test("tensors arrive in the model's order, whatever theirs, with id and outputs", () => {
  const request = accept({ id: "7", inputs: [n, a], outputs: [{ name: "count" }] });
  assert.equal(request.id, "7");
  assert.deepEqual(request.outputs, ["count"]);
  assert.deepEqual(request.inputs, [
    { name: "a", datatype: "FP32", shape: [1, 2], data: Float32Array.of(1, 2) },
    { name: "n", datatype: "INT64", shape: [], data: BigInt64Array.of(3n) },
  ]);
});

test("nested data is the same as flat data", () => {
  assert.deepEqual(
    accept({
      inputs: [
        {
          ...a,
          shape: [2, 2],
          data: [
            [1, 2],
            [3, 4],
          ],
        },
        n,
      ],
    }).inputs,
    accept({ inputs: [{ ...a, shape: [2, 2], data: [1, 2, 3, 4] }, n] }).inputs,
  );
});

test("unknown parameters are read past", () => {
  accept({ parameters: { a: 1 }, inputs: [{ ...a, parameters: { content_type: "np" } }, n], outputs: [] });
});

test("64-bit digits arrive whole", () => {
  const text = `{"inputs":[${JSON.stringify(a)},{"name":"n","datatype":"INT64","shape":[],"data":[9007199254740993]}]}`;
  const request = decodeV2(Buffer.from(text), signature);
  assert.ok(!isProblem(request));
  assert.deepEqual(request.inputs[1]?.data, BigInt64Array.of(9007199254740993n));
});

describe("a wrong request is refused, and the message names the value and what is allowed", () => {
  const table: readonly (readonly [string, unknown, string, RegExp])[] = [
    ["no inputs", {}, "MissingField", /inputs is missing/],
    ["inputs no array", { inputs: { a } }, "WrongField", /inputs is an object; it must be an array/],
    ["an input that is no object", { inputs: [1] }, "WrongField", /inputs\[0\] is 1/],
    ["an input without name", { inputs: [{ ...a, name: undefined }] }, "WrongField", /inputs\[0\]\.name is nothing/],
    ["an id that is no string", { id: 5, inputs: [a, n] }, "WrongField", /id is 5; it must be a string/],
    ["a missing input", { inputs: [a] }, "MissingInput", /"n" is missing; the model takes "a", "n"/],
    ["no input at all", { inputs: [] }, "MissingInput", /"a" is missing/],
    [
      "an unknown input",
      { inputs: [a, n, { ...a, name: "z" }] },
      "UnknownInput",
      /"z" is unknown; the model takes "a", "n"/,
    ],
    ["an input twice", { inputs: [a, a, n] }, "DuplicateInput", /"a" is there twice/],
    ["a name of Object's prototype", { inputs: [{ ...a, name: "__proto__" }] }, "UnknownInput", /"__proto__"/],
    [
      "another datatype",
      { inputs: [{ ...a, datatype: "INT64" }, n] },
      "WrongDatatype",
      /"INT64"; the model takes FP32/,
    ],
    ["no datatype", { inputs: [{ ...a, datatype: undefined }, n] }, "WrongDatatype", /nothing; the model takes FP32/],
    ["a wrong fixed size", { inputs: [{ ...a, shape: [1, 3] }, n] }, "WrongShape", /\[1,3\]; the model takes \[-1,2\]/],
    ["a wrong rank", { inputs: [{ ...a, shape: [2] }, n] }, "WrongShape", /\[2\]; the model takes \[-1,2\]/],
    ["a negative size", { inputs: [{ ...a, shape: [-1, 2] }, n] }, "BadShape", /the size -1/],
    ["no shape", { inputs: [{ ...a, shape: undefined }, n] }, "BadShape", /must be an array of sizes/],
    [
      "too few values",
      { inputs: [{ ...a, data: [1] }, n] },
      "WrongCount",
      /1 values in data; its shape \[1,2\] needs 2/,
    ],
    ["no data", { inputs: [{ ...a, data: undefined }, n] }, "MissingField", /data of input "a"/],
    ["data no array", { inputs: [{ ...a, data: "1,2" }, n] }, "WrongField", /data of input "a" is "1,2"/],
    [
      "a string among numbers",
      { inputs: [{ ...a, data: [1, "2"] }, n] },
      "WrongElement",
      /data\[1\] is "2"; allowed: finite/,
    ],
    ["null among numbers", { inputs: [{ ...a, data: [null, 2] }, n] }, "WrongElement", /data\[0\] is null/],
    [
      "binary data",
      { inputs: [{ ...a, data: undefined, parameters: { binary_data_size: 8 } }, n] },
      "BinaryUnsupported",
      /JSON body/,
    ],
    [
      "an unknown output",
      { inputs: [a, n], outputs: [{ name: "z" }] },
      "UnknownOutput",
      /"z" is unknown; the model gives "sum", "count"/,
    ],
    [
      "an output twice",
      { inputs: [a, n], outputs: [{ name: "sum" }, { name: "sum" }] },
      "DuplicateOutput",
      /"sum" is asked for twice/,
    ],
    ["outputs no array", { inputs: [a, n], outputs: "sum" }, "WrongField", /outputs is "sum"/],
    ["an output without name", { inputs: [a, n], outputs: [{}] }, "WrongField", /outputs\[0\]\.name is nothing/],
  ];
  for (const [name, body, code, message] of table) {
    test(name, () => {
      const problem = decode(body);
      assert.ok(isProblem(problem));
      assert.equal(problem.code, code);
      assert.ok(problem.status >= 400 && problem.status < 500);
      assert.match(problem.message, message);
    });
  }
});

test("whatever JSON comes, the answer is a request or a refusal, never an exception", () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const input = fc.record(
    {
      name: fc.oneof(fc.constantFrom("a", "n"), json),
      datatype: fc.oneof(fc.constantFrom("FP32", "INT64"), json),
      shape: json,
      data: json,
    },
    { requiredKeys: [] },
  );
  const body = fc.record({ id: json, inputs: fc.oneof(fc.array(input), json), outputs: json }, { requiredKeys: [] });
  fc.assert(
    fc.property(body, (value) => {
      const request = decode(value);
      if (isProblem(request)) assert.ok(request.status >= 400 && request.status < 500);
      else assert.equal(request.inputs.length, 2);
    }),
    { numRuns: 2000 },
  );
});

test("an answer names the model, echoes the id, and is valid JSON", () => {
  const outputs = [
    { name: "sum", datatype: "FP32", shape: [1, 2], data: Float32Array.of(1.5, Number.NaN) },
    { name: 'odd "name"', datatype: "BYTES", shape: [1], data: ['"\n'] },
  ] as const;
  const model = { name: "m", version: "v1" };
  assert.deepEqual(
    JSON.parse(
      encodeV2(
        model,
        "7",
        outputs.map((output) => ({ ...output, data: output.name === "sum" ? output.data : ['"\n'] })),
      ),
    ),
    {
      model_name: "m",
      model_version: "v1",
      id: "7",
      outputs: [
        { name: "sum", datatype: "FP32", shape: [1, 2], data: [1.5, null] },
        { name: 'odd "name"', datatype: "BYTES", shape: [1], data: ['"\n'] },
      ],
    },
  );
  assert.equal("id" in (JSON.parse(encodeV2(model, undefined, [])) as object), false);
});

test("metadata has the names, datatypes and shapes of the model", () => {
  assert.deepEqual(modelMetadata("m", "v1", signature), {
    name: "m",
    versions: ["v1"],
    platform: "onnx_onnxv1",
    inputs: signature.inputs,
    outputs: signature.outputs,
  });
});
