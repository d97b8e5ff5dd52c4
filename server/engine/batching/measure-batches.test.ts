import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fakeSession } from "../../../test/fixtures/fake-session.ts";
import { measureBatches } from "./measure-batches.ts";

type Rows = readonly (readonly number[])[];

/** What a model gives for each row; undefined: it refuses them. */
type Model = (rows: Rows) => Rows | undefined;

/** A model of rows of `width` numbers of which many take as long as one. */
function limitOf(model: Model, width: number): number {
  const spec = { datatype: "FP32", shape: [-1, width] } as const;
  let time = 0;
  const session = fakeSession(
    (inputs) => {
      time += 5;
      const data = inputs[0]?.data as Float32Array<ArrayBuffer>;
      const rows = Array.from({ length: data.length / width }, (_, row) => [
        ...data.subarray(row * width, (row + 1) * width),
      ]);
      const given = model(rows);
      if (given === undefined) return { kind: "refused", message: "no", isOutOfMemory: false };
      const shape = [given.length, width];
      return { kind: "done", outputs: [{ name: "y", datatype: "FP32", shape, data: Float32Array.from(given.flat()) }] };
    },
    { inputs: [{ name: "x", ...spec }], outputs: [{ name: "y", ...spec }] },
  );
  return measureBatches(session, new Map([["x", [1, width]]]), () => time).limit;
}

const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs));
const roundedTo = (step: number, row: readonly number[]): number[] => row.map((v) => Math.round(v / step) * step);

describe("rows are run together where each gives what it gives alone", () => {
  const apart: Readonly<Record<string, Model>> = {
    "twice the input": (rows) => rows.map((row) => row.map((value) => 2 * value)),
    "a scale of its own for each row": (rows) => rows.map((row) => roundedTo(largest(row) / 127, row)),
    "large values are refused": (rows) => (largest(rows.flat()) > 10 ? undefined : rows),
    "large values become infinite": (rows) => rows.map((row) => row.map((value) => value * 1e36)),
  };
  for (const [what, model] of Object.entries(apart)) test(what, () => assert.equal(limitOf(model, 64), 32));
});

describe("and alone where rows have to do with one another, also where like rows do not show it", () => {
  const mixed: Readonly<Record<string, readonly [Model, number]>> = {
    "one scale for all": [(rows) => rows.map((row) => roundedTo(largest(rows.flat()) / 4000, row)), 64],
    "less than the largest by more than one is nothing": [
      (rows) => rows.map((row) => row.map((value) => (value < Math.max(...rows.flat()) - 1 ? 0 : value))),
      64,
    ],
    "rows are sorted": [(rows) => rows.toSorted(([a = 0], [b = 0]) => a - b), 1],
    "negative numbers are left out": [(rows) => rows.filter(([value = 0]) => value >= 0), 1],
    "large numbers are left out": [(rows) => rows.filter(([value = 0]) => value < 10), 1],
    "the sum, and large values are refused": [
      (rows) => (largest(rows.flat()) > 10 ? undefined : rows.map(() => [rows.flat().reduce((sum, v) => sum + v, 0)])),
      1,
    ],
    "the sum": [(rows) => rows.map(() => [rows.flat().reduce((sum, value) => sum + value, 0)]), 1],
  };
  for (const [what, [model, width]] of Object.entries(mixed)) {
    test(what, () => assert.equal(limitOf(model, width), 1));
  }
});
