import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Tensor } from "../../tensor.ts";
import { rowsText } from "./output-text.ts";
import { flatText, nestedText, type Pieces } from "./tensor-text.ts";

function textOf(pieces: Iterable<string | Uint8Array>): string {
  return Buffer.concat([...pieces].map((piece) => Buffer.from(piece))).toString("utf8");
}

function single(shape: readonly number[]): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  // Of the longest numbers there are.
  const data = Float32Array.from({ length: count }, (_, index) => -1.2345678e20 * (1 + (index % 997) / 1000));
  return { name: "x", datatype: "FP32", shape, data };
}

function strings(shape: readonly number[]): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Array.from({ length: count }, (_, index) => `"${index}" é`);
  return { name: "x", datatype: "BYTES", shape, data };
}

function nest(values: readonly unknown[], shape: readonly number[]): unknown {
  const [count, ...inner] = shape;
  if (count === undefined) return values[0];
  const size = values.length / Math.max(count, 1);
  return Array.from({ length: count }, (_, i) => nest(values.slice(i * size, (i + 1) * size), inner));
}

const ones = Array.from({ length: 20 }, () => 1);

describe("pieces are bounded, and whole together", () => {
  const tensors: readonly (readonly [string, Tensor])[] = [
    ["one dimension", single([30_000])],
    ["a few rows", single([3, 11_000])],
    ["many rows", single([11_000, 3])],
    ["more brackets than numbers", single([3000, ...ones])],
    ["brackets around many numbers", single([...ones, 12_000])],
    ["brackets alone", single([40_000, 0])],
    ["a scalar", single([])],
    ["strings", strings([1000])],
    ["rows of strings", strings([70, 3, 1])],
    ["a string", strings([])],
  ];
  for (const [name, tensor] of tensors) {
    test(name, () => {
      const values = [...(tensor.data as Float32Array | string[])];
      const nested = [...nestedText(tensor)];
      assert.ok(Math.max(...nested.map(({ length }) => length)) <= 128 * 1024);
      const isSame = (text: string, expected: unknown): boolean =>
        JSON.stringify(tensor.datatype === "BYTES" ? JSON.parse(text) : rounded(JSON.parse(text))) ===
        JSON.stringify(expected);
      assert.ok(isSame(textOf(nested), nest(values, tensor.shape)), "nested");
      const flat = [...flatText(tensor)];
      assert.ok(Math.max(...flat.map(({ length }) => length)) <= 128 * 1024);
      assert.ok(isSame(textOf(flat), values), "flat");
      if (tensor.shape.length > 0)
        assert.ok(textOf(rowsText([tensor], tensor.shape[0] ?? 0)) === textOf(nested), "rows");
    });
  }
});

test("answers that are made in turns do not touch each other's pieces", () => {
  const tensors = [single([20_000]), { ...single([20_000]), data: new Float32Array(20_000).fill(1) }];
  const alone = tensors.map((tensor) => textOf(flatText(tensor)));
  const kept: (string | Uint8Array)[][] = [[], []];
  const sources: readonly Pieces[] = tensors.map((tensor) => flatText(tensor));
  for (let isOver = false; !isOver; ) {
    isOver = true;
    for (const [index, source] of sources.entries()) {
      const piece = source.next();
      if (piece.done === true) continue;
      isOver = false;
      kept[index]?.push(piece.value);
    }
  }
  for (const [index, pieces] of kept.entries()) assert.ok(textOf(pieces) === alone[index]);
});

/** As who reads singles does. */
function rounded(value: unknown): unknown {
  return Array.isArray(value) ? value.map(rounded) : Math.fround(value as number);
}
