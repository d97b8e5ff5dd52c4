import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isProblem } from "../../errors.ts";
import type { Signature } from "../../tensor.ts";
import { decodeV2, type V2Request } from "./decode-v2.ts";

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
  return decodeV2(Buffer.from(JSON.stringify(body)), signature, undefined);
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

test("fields and parameters that say nothing about the result are read past", () => {
  accept({
    model_name: "m",
    parameters: { content_type: "np", headers: { a: [1] }, sequence_id: 0, sequence_start: false, priority: null },
    inputs: [
      { ...a, parameters: { content_type: "np" } },
      { ...n, parameters: null, more: [{}] },
    ],
    outputs: [],
  });
});

test("null stands for an id and for outputs that are not there", () => {
  assert.deepEqual(accept({ id: null, outputs: null, inputs: [a, n] }), accept({ inputs: [a, n] }));
});

test("64-bit digits arrive whole", () => {
  const text = `{"inputs":[${JSON.stringify(a)},{"name":"n","datatype":"INT64","shape":[],"data":[9007199254740993]}]}`;
  const request = decodeV2(Buffer.from(text), signature, undefined);
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

test("fields have any order, and the last of the same name counts", () => {
  const plain = accept({ inputs: [a, n] });
  const texts = [
    '{"inputs":[{"data":[[1,2]],"datatype":"FP32","name":"a","shape":[1,2]},{"data":[3],"shape":[],"datatype":"INT64","name":"n"}]}',
    '{"inputs":[{"name":"a","data":[1,2],"datatype":"FP32","shape":[1,2]},{"name":"z","shape":[7],"name":"n","shape":[],"datatype":"INT64","data":[3]}]}',
    '{"inputs":[],"inputs":[{"name":"a","datatype":"FP32","shape":[2,1],"shape":[1,2],"data":[9,9],"data":[1,2]},{"name":"n","shape":[],"datatype":"INT64","data":[3]}]}',
    '{"inputs":[{"data":[8],"data":[1,2],"name":"a","datatype":"FP32","shape":[1,2]},{"name":"n","datatype":"INT64","shape":[1],"data":[3],"shape":[]}]}',
    '{"inputs":[{"name":"a","datatype":"FP32","shape":[2,2],"data":[1,2,3,4],"shape":[1,2],"data":[1,2]},{"name":"n","shape":[],"datatype":"INT64","data":[3]}]}',
    '\uFEFF { "inputs" : [ { "n\\u0061me" : "\\u0061" , "datatype" : "FP32" , "shape" : [ 1 , 2.0 ] , "data" : [ 1 , 2 ] } , { "name" : "n" , "shape" : [ ] , "datatype" : "INT64" , "data" : [ 3 ] } ] } ',
  ];
  for (const text of texts) {
    const request = decodeV2(Buffer.from(text), signature, undefined);
    assert.ok(!isProblem(request), isProblem(request) ? `${text}: ${request.message}` : "");
    assert.deepEqual(request.inputs, plain.inputs, text);
  }
});

test("data that is no JSON is refused wherever it stands, and whether or not it counts", () => {
  const head = '"name":"a","datatype":"FP32","shape":[1,2]';
  for (const data of ["[1,]", "[1,2}", "[1 2]", "[01,2]", "[[1,2]", '["]",1 2]'])
    for (const fields of [`${head},"data":${data}`, `"data":${data},${head}`, `"data":${data},"data":[1,2],${head}`]) {
      const request = decodeV2(Buffer.from(`{"inputs":[{${fields}},${JSON.stringify(n)}]}`), signature, undefined);
      assert.ok(isProblem(request), fields);
      assert.equal(request.code, "NotJson", fields);
    }
});

test("names of Object's prototype are names as any other", () => {
  for (const name of ["__proto__", "constructor", "toString"]) {
    const spec = { name, datatype: "FP32", shape: [1] } as const;
    const text = `{"inputs":[{"name":"${name}","datatype":"FP32","shape":[1],"data":[1]}],"outputs":[{"name":"${name}"}]}`;
    const request = decodeV2(Buffer.from(text), { inputs: [spec], outputs: [spec] }, undefined);
    assert.ok(!isProblem(request));
    assert.deepEqual(request.inputs, [{ ...spec, data: Float32Array.of(1) }]);
    assert.deepEqual(request.outputs, [name]);
  }
});

test("a name with what JSON escapes is found by its escapes, and by nothing that looks like it", () => {
  for (const name of ["a\\nb", 'a"b', "a\nb", "ä", "\u0001"]) {
    const spec = { name, datatype: "FP32", shape: [1] } as const;
    const text = (written: string): Buffer =>
      Buffer.from(`{"inputs":[{"name":"${written}","datatype":"FP32","shape":[1],"data":[1]}]}`);
    const model = { inputs: [spec], outputs: [] };
    assert.ok(!isProblem(decodeV2(text(JSON.stringify(name).slice(1, -1)), model, undefined)), name);
    const asItIs = decodeV2(text(name), model, undefined);
    assert.equal(isProblem(asItIs), name !== "ä", JSON.stringify(name));
  }
});

test("a number of 16 digits does not change how others are read", () => {
  const text = `{"inputs":[${JSON.stringify({ ...a, data: [0.1, 1234567890123456.8] })},${JSON.stringify(n)}]}`;
  const request = decodeV2(Buffer.from(text), signature, undefined);
  assert.ok(!isProblem(request));
  assert.deepEqual(request.inputs[0]?.data, Float32Array.of(0.1, 1234567890123456.8));
});

describe("a parameter that would be ignored although it asks for something is refused by name", () => {
  const request = (parameters: object): object => ({ inputs: [a, n], parameters });
  const input = (parameters: object): object => ({ inputs: [{ ...a, parameters }, n] });
  const output = (parameters: object): object => ({ inputs: [a, n], outputs: [{ name: "sum", parameters }] });
  const table: readonly (readonly [string, object, object | undefined, string])[] = [
    ["sequence_id", request({ sequence_id: 7 }), request({ sequence_id: 0 }), "the request"],
    ["sequence_id", request({ sequence_id: "x" }), request({ sequence_id: "" }), "the request"],
    ["sequence_start", request({ sequence_start: true }), request({ sequence_start: false }), "the request"],
    ["sequence_end", request({ sequence_end: true }), request({ sequence_end: null }), "the request"],
    ["priority", request({ priority: 1 }), request({ priority: 0 }), "the request"],
    ["timeout", request({ timeout: 1000 }), request({ timeout: 0 }), "the request"],
    ["shared_memory_region", input({ shared_memory_region: "r" }), undefined, "an input"],
    ["shared_memory_byte_size", input({ shared_memory_byte_size: 8 }), undefined, "an input"],
    ["classification", output({ classification: 3 }), output({ classification: 0 }), "an output"],
    ["shared_memory_region", output({ shared_memory_region: "r" }), undefined, "an output"],
    [
      "temperature",
      request({ temperature: 0 }),
      request({ headers: { a: 1 }, tags: [], content_type: "x" }),
      "the request",
    ],
    ["binary_data", input({ binary_data: true }), undefined, "an input"],
  ];
  for (const [name, body, harmless, place] of table) {
    test(`${name} of ${place}`, () => {
      const problem = decode(body);
      assert.ok(isProblem(problem));
      assert.equal(problem.code, "UnsupportedParameter");
      assert.ok(problem.message.includes(`parameter "${name}" of ${place}`), problem.message);
      if (harmless !== undefined) accept(harmless);
    });
  }
  test("a known one of a wrong kind", () => {
    for (const body of [
      request({ binary_data_output: "yes" }),
      output({ binary_data: 1 }),
      { inputs: [a, n], parameters: [] },
    ]) {
      const problem = decode(body);
      assert.ok(isProblem(problem) && problem.code === "WrongField");
    }
  });
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
