import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Tensor } from "../../tensor.ts";
import { columnsText, hasRows, rowsText } from "./output-text.ts";

const columns = (...outputs: readonly Tensor[]): unknown => JSON.parse([...columnsText(outputs)].join(""));
const byRow = (rows: number, ...outputs: readonly Tensor[]): unknown =>
  JSON.parse([...rowsText(outputs, rows)].join(""));

const label: Tensor = { name: "label", datatype: "BYTES", shape: [2], data: ["dog", "cat"] };
const byClass: Tensor = {
  name: "p",
  datatype: "FP32",
  shape: [2, 2],
  data: Float32Array.of(0.25, 0.75, Number.NaN, 1),
  labels: ["cat", 'a "dog"'],
};
const regular: Tensor = {
  name: "s",
  datatype: "INT64",
  shape: [2, 2, 1],
  data: BigInt64Array.of(1n, 2n, 3n, 4n),
  elements: [
    [2, 1],
    [2, 1],
  ],
};
const ragged: Tensor = {
  name: "r",
  datatype: "FP32",
  shape: [2],
  data: Float32Array.of(1, 2, 3, 4, 5, 6, 7),
  elements: [[2, 2], [2, 1], [1]],
};

describe("whole outputs", () => {
  test("a tensor with labels is a list of objects", () => {
    const objects = [
      { cat: 0.25, 'a "dog"': 0.75 },
      { cat: "NaN", 'a "dog"': 1 },
    ];
    assert.deepEqual(columns(byClass), objects);
    assert.deepEqual(columns(label, byClass), { label: ["dog", "cat"], p: objects });
    assert.deepEqual(columns({ ...byClass, shape: [0, 2], data: new Float32Array() }), []);
  });

  test("a sequence is a list of nested arrays, of one shape or of many", () => {
    assert.deepEqual(columns(regular), [
      [[1], [2]],
      [[3], [4]],
    ]);
    assert.deepEqual(columns(ragged), [
      [
        [1, 2],
        [3, 4],
      ],
      [[5], [6]],
      [7],
    ]);
    assert.deepEqual(columns({ ...ragged, shape: [0], data: new Float32Array(), elements: [] }), []);
    assert.deepEqual(
      columns({ name: "t", datatype: "BYTES", shape: [2], data: ["a", "b", "c"], elements: [[], [2]] }),
      ["a", ["b", "c"]],
    );
  });

  test("many labels come in pieces", () => {
    const labels = Array.from({ length: 10_000 }, (_, index) => `class ${index}`);
    const data = Float32Array.from(labels, (_, index) => index);
    const pieces = [...columnsText([{ name: "p", datatype: "FP32", shape: [1, labels.length], data, labels }])];
    assert.ok(pieces.length > 3 && pieces.every((piece) => piece.length < 256 * 1024));
    const [row] = JSON.parse(pieces.join("")) as [Record<string, number>];
    assert.ok(labels.every((name, index) => row[name] === index));
  });

  test("a label may have any name", () => {
    const text = [...columnsText([{ ...byClass, labels: ["__proto__", ""] }])].join("");
    assert.equal(text, '[{"__proto__":0.25,"":0.75},{"__proto__":"NaN","":1}]');
  });
});

describe("row by row", () => {
  test("each row has its object", () => {
    assert.deepEqual(byRow(2, byClass), columns(byClass));
    assert.deepEqual(byRow(2, label, byClass), [
      { label: "dog", p: { cat: 0.25, 'a "dog"': 0.75 } },
      { label: "cat", p: { cat: "NaN", 'a "dog"': 1 } },
    ]);
  });

  test("each row has its part of every tensor of a sequence", () => {
    const two: Tensor = {
      ...ragged,
      elements: ragged.elements?.slice(0, 2) ?? [],
      data: ragged.data.slice(0, 6),
    };
    assert.deepEqual(byRow(2, two), [
      [[1, 2], [5]],
      [[3, 4], [6]],
    ]);
    assert.deepEqual(byRow(2, label, regular), [
      { label: "dog", s: [[1], [3]] },
      { label: "cat", s: [[2], [4]] },
    ]);
  });

  test("a sequence has rows where each of its tensors has so many, not where it has so many tensors", () => {
    assert.equal(hasRows(regular, 2), true);
    assert.equal(hasRows(ragged, 2), false);
    assert.equal(hasRows({ ...regular, elements: [[3], [3], [3]] }, 3), true);
    assert.equal(hasRows({ ...regular, elements: [[3], [3]] }, 2), false);
    assert.equal(hasRows(label, 2), true);
    assert.equal(hasRows(label, 3), false);
  });
});
