import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isProblem, type Problem } from "../errors.ts";
import type { Signature, Tensor } from "../tensor.ts";
import { decodeV1, encodeV1, type V1Request } from "./v1.ts";
import type { EncodedAnswer } from "./request.ts";

const one: Signature = {
  inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
  outputs: [{ name: "y", datatype: "FP32", shape: [-1, 2] }],
};
const two: Signature = {
  inputs: [
    { name: "a", datatype: "FP32", shape: [-1, 2] },
    { name: "b", datatype: "INT64", shape: [-1] },
  ],
  outputs: [],
};

function decode(body: unknown, signature: Signature): ReturnType<typeof decodeV1> {
  return decodeV1(Buffer.from(JSON.stringify(body)), signature);
}

function accept(body: unknown, signature: Signature): V1Request {
  const request = decode(body, signature);
  assert.ok(!isProblem(request), isProblem(request) ? request.message : "");
  return request;
}

test("instances are stacked along a new first dimension", () => {
  const request = accept(
    {
      instances: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    },
    one,
  );
  assert.equal(request.rows, 3);
  assert.deepEqual(request.inputs, [
    { name: "x", datatype: "FP32", shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  ]);
});

test("instances of a model with one input may name it", () => {
  assert.deepEqual(accept({ instances: [{ x: [1, 2] }] }, one), accept({ instances: [[1, 2]] }, one));
});

test("instances of a model with several inputs are objects", () => {
  const request = accept(
    {
      instances: [
        { a: [1, 2], b: 5 },
        { b: 6, a: [3, 4] },
      ],
    },
    two,
  );
  assert.deepEqual(request.inputs, [
    { name: "a", datatype: "FP32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
    { name: "b", datatype: "INT64", shape: [2], data: BigInt64Array.of(5n, 6n) },
  ]);
});

test("inputs are whole tensors", () => {
  assert.deepEqual(accept({ inputs: [[1, 2]] }, one).inputs[0]?.shape, [1, 2]);
  assert.equal(accept({ inputs: [[1, 2]] }, one).rows, undefined);
  assert.deepEqual(accept({ inputs: { a: [[1, 2]], b: [7] } }, two).inputs[1]?.data, BigInt64Array.of(7n));
});

test("the order of names may change from row to row, however many there are", () => {
  const names = Array.from({ length: 300 }, (_, index) => `column ${index}`);
  const wide: Signature = { inputs: names.map((name) => ({ name, datatype: "INT32", shape: [-1] })), outputs: [] };
  const rows = [0, 1, 2, 3].map((row) => {
    const turned = [...names.slice(row * 50), ...names.slice(0, row * 50)];
    return Object.fromEntries(
      (row % 2 === 0 ? turned : turned.toReversed()).map((name) => [name, names.indexOf(name) * 10 + row]),
    );
  });
  const request = accept({ instances: rows }, wide);
  for (const [index, { shape, data }] of request.inputs.entries()) {
    assert.deepEqual(shape, [4]);
    assert.deepEqual(
      data,
      Int32Array.from([0, 1, 2, 3], (row) => index * 10 + row),
    );
  }
});

test("a column of more rows than was made room for", () => {
  const rows = Array.from({ length: 5000 }, (_, index) => ({ a: [index, -index], b: index }));
  const request = accept({ instances: rows }, two);
  const [first, second] = request.inputs;
  assert.deepEqual(first?.shape, [5000, 2]);
  assert.ok(rows.every(({ b }) => first?.data[2 * b] === b && first?.data[2 * b + 1] === (b === 0 ? 0 : -b)));
  assert.ok(rows.every(({ b }) => second?.data[b] === BigInt(b)));
});

describe("a wrong request is refused, and the message names the value and what is allowed", () => {
  const table: readonly (readonly [string, unknown, Signature, string, RegExp])[] = [
    ["neither field", {}, one, "MissingField", /instances is missing/],
    ["both fields", { instances: [], inputs: [] }, one, "ConflictingFields", /exclude each other/],
    ["no rows", { instances: [] }, one, "WrongField", /at least one row/],
    ["instances no array", { instances: "1" }, one, "WrongField", /instances is "1"/],
    ["instances null", { instances: null }, one, "WrongField", /instances is null/],
    ["a row too long", { instances: [[1, 2, 3]] }, one, "WrongShape", /\[1,3\]; the model takes \[-1,2\]/],
    [
      "rows of different length",
      { instances: [[1, 2], [3]] },
      one,
      "Ragged",
      /instances\[1\] is an array of 1, where one of 2/,
    ],
    ["a string", { instances: [[1, "2"]] }, one, "WrongElement", /instances\[0\]\[1\] is "2"/],
    ["null", { instances: [[1, null]] }, one, "WrongElement", /instances\[0\]\[1\] is null/],
    [
      "a bare number where rows are objects",
      { instances: [{ a: [1, 2], b: 1 }, 5] },
      two,
      "WrongField",
      /instances\[1\] is 5/,
    ],
    ["a row without an input", { instances: [{ a: [1, 2] }] }, two, "MissingInput", /"b" is missing/],
    [
      "a row with an unknown input",
      { instances: [{ a: [1, 2], b: 1, c: 1 }] },
      two,
      "UnknownInput",
      /"c" is unknown; the model takes "a", "b"/,
    ],
    ["a list for several inputs", { inputs: [[1, 2]] }, two, "WrongField", /an object with "a", "b"/],
    ["an unknown column", { inputs: { a: [[1, 2]], b: [1], z: 1 } }, two, "UnknownInput", /"z"/],
    ["a missing column", { inputs: { a: [[1, 2]] } }, two, "MissingInput", /"b" is missing/],
    ["a scalar for a tensor", { inputs: { a: 1, b: [1] } }, two, "WrongField", /inputs\["a"\] is 1/],
    [
      "a row of a wrong size",
      {
        instances: [
          { a: [1, 2], b: 1 },
          { a: [1], b: 1 },
        ],
      },
      two,
      "Ragged",
      /instances\[1\]\["a"\] is an array of 1/,
    ],
    [
      "a wrong value in a row",
      {
        instances: [
          { a: [1, 2], b: 1 },
          { a: [1, 2], b: 1.5 },
        ],
      },
      two,
      "WrongElement",
      /instances\[1\]\["b"\] is 1.5/,
    ],
    [
      "rows of a wrong shape",
      {
        instances: [
          { a: [[1, 2]], b: 1 },
          { a: 5, b: 1 },
        ],
      },
      two,
      "WrongShape",
      /\[2,1,2\]; the model takes/,
    ],
    [
      "a row that lacks its last input",
      { instances: [{ a: [1, 2], b: 1 }, { a: [1, 2] }] },
      two,
      "MissingInput",
      /"b"/,
    ],
    ["inputs null", { inputs: null }, one, "WrongField", /inputs is null/],
    ["inputs a string", { inputs: "x" }, one, "WrongField", /inputs is "x"/],
  ];
  for (const [name, body, signature, code, message] of table) {
    test(name, () => {
      const problem = decode(body, signature);
      assert.ok(isProblem(problem));
      assert.equal(problem.code, code, problem.message);
      assert.ok(problem.status >= 400 && problem.status < 500);
      assert.match(problem.message, message);
    });
  }
});

test("an input that a row has twice is refused, in the first row and later", () => {
  for (const rows of ['{"a":[1,2],"b":1,"a":[1,2]}', '{"a":[1,2],"b":1},{"b":1,"b":1,"a":[1,2]}']) {
    const request = decodeV1(Buffer.from(`{"instances":[${rows}]}`), two);
    assert.ok(isProblem(request) && request.code === "DuplicateInput");
  }
});

test("of a field that stands twice, the last one counts", () => {
  const request = decodeV1(Buffer.from('{"instances":7,"instances":[[1,2]]}'), one);
  assert.ok(!isProblem(request));
  assert.deepEqual(request, accept({ instances: [[1, 2]] }, one));
});

test("whatever JSON comes, the answer is a request or a refusal, never an exception", () => {
  const body = fc.record(
    { instances: fc.jsonValue({ maxDepth: 5 }), inputs: fc.jsonValue({ maxDepth: 5 }) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(body, fc.constantFrom(one, two), (value, signature) => {
      const request = decode(value, signature);
      if (isProblem(request)) assert.ok(request.status >= 400 && request.status < 500);
    }),
    { numRuns: 2000 },
  );
});

function textOf(answer: EncodedAnswer | Problem): string {
  assert.ok(!isProblem(answer));
  return [...answer.parts].join("");
}

describe("answers", () => {
  const y: Tensor = { name: "y", datatype: "FP32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
  const z: Tensor = { name: "z", datatype: "INT64", shape: [2], data: BigInt64Array.of(5n, 9007199254740993n) };

  test("one output: one prediction a row", () => {
    assert.equal(textOf(encodeV1(2, [y])), '{"predictions":[[1,2],[3,4]]}');
    assert.equal(textOf(encodeV1(2, [z])), '{"predictions":[5,9007199254740993]}');
  });

  test("several outputs: an object a row", () => {
    assert.equal(textOf(encodeV1(2, [y, z])), '{"predictions":[{"y":[1,2],"z":5},{"y":[3,4],"z":9007199254740993}]}');
  });

  test("inputs in, outputs out", () => {
    assert.equal(textOf(encodeV1(undefined, [y])), '{"outputs":[[1,2],[3,4]]}');
    assert.equal(textOf(encodeV1(undefined, [y, z])), '{"outputs":{"y":[[1,2],[3,4]],"z":[5,9007199254740993]}}');
  });

  test("an output that has not one row for each instance cannot be split", () => {
    const problem = encodeV1(3, [y]);
    assert.ok(isProblem(problem));
    assert.match(problem.message, /"y" has shape \[2,2\].*3 predictions/);
    assert.ok(isProblem(encodeV1(1, [{ name: "s", datatype: "FP32", shape: [], data: Float32Array.of(1) }])));
  });
});
