import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  areProbabilities,
  labelsOf,
  largest,
  type Output,
  readOutputs,
  rowName,
  rowsOf,
  shortened,
  valueText,
  vectorOf,
} from "./answer.ts";

function output(shape: readonly number[], data: Output["data"], datatype = "FP32"): Output {
  return { name: "y", datatype, shape, data };
}

test("64-bit integers of an answer keep their digits, other values are as JSON has them", () => {
  const [first] = readOutputs(
    '{"outputs":[{"name":"y","datatype":"INT64","shape":[4],"data":[9223372036854775807,-9223372036854775808,7,1e300]}]}',
  );
  assert.deepEqual(first?.data, [9223372036854775807n, -9223372036854775808n, 7, 1e300]);
});

describe("what is one vector", () => {
  const table: readonly (readonly [string, Output, readonly number[] | undefined])[] = [
    ["of rank one", output([3], [1, 2, 3]), [1, 2, 3]],
    ["one row", output([1, 3], [1, 2, 3]), [1, 2, 3]],
    ["two rows", output([2, 2], [1, 2, 3, 4]), undefined],
    ["a scalar", output([], [1]), undefined],
    ["strings", output([2], ["a", "b"], "BYTES"), undefined],
    ["NaN and infinities", output([3], ["NaN", "-Infinity", 1]), [Number.NaN, Number.NaN, 1]],
  ];
  for (const [name, given, expected] of table) {
    test(name, () => assert.deepEqual(vectorOf(given), expected));
  }
});

test("the largest values come first, ties by index, without what is not a number", () => {
  assert.deepEqual(
    largest([0.1, Number.NaN, 0.2, 0.2, 0.5], 3).map(({ index }) => index),
    [4, 2, 3],
  );
});

test("bars are probabilities where these are some, and parts of the range elsewhere", () => {
  assert.ok(areProbabilities([0.25, 0.75]));
  assert.ok(!areProbabilities([0.25, 0.5]));
  assert.ok(!areProbabilities([-1, 2]));
  assert.deepEqual(
    largest([0.25, 0.75], 2).map(({ part }) => part),
    [0.75, 0.25],
  );
  assert.deepEqual(
    largest([-2, 2, 0], 3).map(({ part }) => part),
    [1, 0.5, 0],
  );
  assert.deepEqual(
    largest([0, 0], 2).map(({ part }) => part),
    [0, 0],
  );
});

test("rows are cut to what is shown, and named by their indexes", () => {
  const data = Array.from({ length: 24 }, (_, index) => index);
  assert.deepEqual(rowsOf(output([2, 3, 4], data), 2, 3), [
    [0, 1, 2],
    [4, 5, 6],
  ]);
  assert.deepEqual(rowsOf(output([], [5]), 9, 9), [[5]]);
  assert.deepEqual(rowsOf(output([2, 0], []), 9, 9), []);
  assert.equal(rowName([2, 3, 4], 4), "1, 1");
});

test("floats are rounded for people, integers are not", () => {
  assert.equal(valueText(0.123456789, "FP32"), "0.123457");
  assert.equal(valueText(9223372036854775807n, "INT64"), "9223372036854775807");
  assert.equal(valueText(123456789, "INT32"), "123456789");
  assert.equal(valueText("-Infinity", "FP32"), "-Infinity");
});

test("labels are lines or a JSON array", () => {
  assert.deepEqual(labelsOf("cat\r\n dog \n\nbird"), ["cat", "dog", "", "bird"]);
  assert.deepEqual(labelsOf('["cat", 180]'), ["cat", "180"]);
  assert.deepEqual(labelsOf("[cat\ndog"), ["[cat", "dog"]);
  assert.deepEqual(labelsOf(" "), []);
});

test("long text is cut and says by how much", () => {
  assert.equal(shortened("abc", 3), "abc");
  assert.equal(shortened("a".repeat(2005), 5), "aaaaa\n… and 2,000 more characters");
});
