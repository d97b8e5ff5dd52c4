import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Tensor } from "../../tensor.ts";
import { goTogether, join, looksBatchable, rowsOf, split } from "./batch.ts";
import type { RunInputs } from "../run.ts";

function request(rows: number, values: readonly number[], outputs: readonly string[] = ["y"]): RunInputs {
  const columns = rows === 0 ? 0 : values.length / rows;
  return {
    inputs: [
      { name: "x", datatype: "FP32", shape: [rows, columns], data: Float32Array.from(values) },
      { name: "t", datatype: "BYTES", shape: [rows], data: Array.from({ length: rows }, (_, row) => `${row}`) },
      { name: "n", datatype: "INT64", shape: [rows, 1], data: BigInt64Array.from({ length: rows }, () => 7n) },
    ],
    outputs,
  };
}

test("requests to a model go together only where all have the same inputs, and its outputs are rows", () => {
  const x = { name: "x", datatype: "FP32", shape: [-1, 2] } as const;
  assert.equal(looksBatchable({ inputs: [x], outputs: [x] }), true);
  assert.equal(looksBatchable({ inputs: [x, { ...x, name: "k", isOptional: true }], outputs: [x] }), false);
  assert.equal(looksBatchable({ inputs: [x], outputs: [{ ...x, isSequence: true }] }), false);
});

describe("a model that may be run on a batch", () => {
  const spec = (shape: readonly number[]): { name: string; datatype: "FP32"; shape: readonly number[] } => ({
    name: "x",
    datatype: "FP32",
    shape,
  });
  const table: readonly (readonly [string, readonly number[][], readonly number[][], boolean])[] = [
    ["rows in, rows out", [[-1, 4]], [[-1, 3]], true],
    ["a fixed batch of 1", [[1, 4]], [[1, 3]], false],
    [
      "state beside the rows",
      [
        [-1, 4],
        [2, -1, 128],
      ],
      [
        [-1, 1],
        [2, -1, 128],
      ],
      false,
    ],
    ["a scalar", [[-1, 4], []], [[-1, 3]], false],
    ["an output that is no row", [[-1, 4]], [[-1, 3], []], false],
    ["no input", [], [[-1]], false],
  ];
  for (const [name, inputs, outputs, expected] of table) {
    test(name, () => {
      assert.equal(looksBatchable({ inputs: inputs.map(spec), outputs: outputs.map(spec) }), expected);
    });
  }
});

test("requests go together when only their rows differ", () => {
  assert.equal(goTogether(request(1, [1, 2]), request(3, [1, 2, 3, 4, 5, 6])), true);
  assert.equal(goTogether(request(1, [1, 2]), request(1, [1, 2, 3])), false, "other columns");
  assert.equal(goTogether(request(1, [1, 2]), request(1, [1, 2], ["z"])), false, "other outputs");
  assert.equal(goTogether(request(1, [1, 2]), request(1, [1, 2], ["y", "z"])), false);
});

test("a request without rows, or with different numbers of them, has none to be joined by", () => {
  assert.equal(rowsOf(request(2, [1, 2])), 2);
  assert.equal(rowsOf(request(0, [])), undefined);
  const [x] = request(2, [1, 2]).inputs;
  const [, t] = request(3, [1, 2, 3]).inputs;
  assert.ok(x && t);
  assert.equal(rowsOf({ inputs: [x, t], outputs: ["y"] }), undefined);
});

test("an output with other rows than went in cannot be split", () => {
  const output: Tensor = { name: "y", datatype: "FP32", shape: [1, 3], data: Float32Array.of(1, 2, 3) };
  assert.equal(split([output], [1, 1]), undefined);
  assert.equal(split([{ ...output, shape: [] }], [1]), undefined);
});

test("an answer holds no memory of another, unless there is little of it", () => {
  const buffersOf = (columns: number): (ArrayBuffer | undefined)[] => {
    const data = Float32Array.from({ length: 4 * columns }, (_, index) => index);
    const parts = split([{ name: "y", datatype: "FP32", shape: [4, columns], data }], [1, 3]) ?? assert.fail();
    return parts.map(([part]) => {
      assert.ok(part !== undefined && !Array.isArray(part.data));
      return part.data.buffer;
    });
  };
  const [small, smallToo] = buffersOf(4096);
  assert.equal(small, smallToo);
  const large = buffersOf(5000);
  assert.deepEqual(
    large.map((buffer) => buffer?.byteLength),
    [20_000, 60_000],
  );
});

test("what is joined and split again is what it was, each request's own", () => {
  const rows = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 4 }), (counts, columns) => {
      let next = 0;
      const requests = counts.map((count) =>
        request(
          count,
          Array.from({ length: count * columns }, () => next++),
        ),
      );
      const joined = join(requests);
      assert.equal(rowsOf(joined), next / columns);
      const parts = split(joined.inputs, counts);
      assert.ok(parts);
      for (const [index, part] of parts.entries()) assert.deepEqual(part, requests[index]?.inputs);
    }),
  );
});
