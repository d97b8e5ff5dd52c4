/// <reference lib="esnext.float16" />
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isProblem } from "../errors.ts";
import { codecs, type Datatype, elementCount, type Tensor, type TensorSpec } from "../tensor.ts";
import { flatJson, nestedJson, readElements, rowsJson, shapeOf } from "./elements.ts";

/** Values that each datatype can hold and JSON can write. JSON has one zero only. */
const values: Readonly<Record<Datatype, fc.Arbitrary<unknown>>> = {
  BOOL: fc.boolean(),
  UINT8: fc.integer({ min: 0, max: 255 }),
  UINT16: fc.integer({ min: 0, max: 65_535 }),
  UINT32: fc.integer({ min: 0, max: 4_294_967_295 }),
  UINT64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  INT8: fc.integer({ min: -128, max: 127 }),
  INT16: fc.integer({ min: -32_768, max: 32_767 }),
  INT32: fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }),
  INT64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  FP16: fc.integer({ min: 0, max: 65_535 }).map(halfOfBits).filter(Number.isFinite).map(withoutMinusZero),
  FP32: fc.float({ noNaN: true, noDefaultInfinity: true }).map(withoutMinusZero),
  FP64: fc.double({ noNaN: true, noDefaultInfinity: true }).map(withoutMinusZero),
  BYTES: fc.string({ unit: "binary" }).filter((text) => !text.includes("\0") && text.isWellFormed()),
};

function halfOfBits(bits: number): number {
  return new Float16Array(Uint16Array.of(bits).buffer)[0] ?? 0;
}

function withoutMinusZero(value: number): number {
  return value === 0 ? 0 : value;
}

function tensorOf(datatype: Datatype, sizes: { readonly min: number }): fc.Arbitrary<Tensor> {
  return fc.array(fc.integer({ min: sizes.min, max: 4 }), { maxLength: 4 }).chain((shape) => {
    const count = elementCount(shape) ?? 0;
    return fc.array(values[datatype], { minLength: count, maxLength: count }).map((elements) => {
      const data = codecs[datatype].allocate(count);
      for (const [index, element] of elements.entries()) {
        assert.ok(codecs[datatype].store(data, index, element), `${datatype} cannot hold ${String(element)}`);
      }
      return { name: "x", datatype, shape, data };
    });
  });
}

/** What `protocol/json.ts` makes of a number: digits are kept. */
function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context?.source ?? "")
      : value,
  );
}

function specOf({ name, datatype, shape }: Tensor): TensorSpec {
  return { name, datatype, shape };
}

describe("a tensor written as JSON and read again is the same", () => {
  for (const datatype of Object.keys(codecs) as Datatype[]) {
    test(`${datatype}, flat`, () => {
      fc.assert(
        fc.property(tensorOf(datatype, { min: 0 }), (tensor) => {
          const read = readElements(specOf(tensor), tensor.shape, parseExactly(flatJson(tensor)), "data");
          assert.deepEqual(read, tensor.data);
        }),
      );
    });

    test(`${datatype}, nested, with the shape found in the nesting`, () => {
      fc.assert(
        fc.property(tensorOf(datatype, { min: 1 }), (tensor) => {
          const nested = parseExactly(nestedJson(tensor));
          assert.deepEqual(shapeOf(nested), tensor.shape);
          assert.deepEqual(readElements(specOf(tensor), tensor.shape, nested, "data"), tensor.data);
          if (tensor.shape.length > 0) assert.equal(`[${rowsJson(tensor).join(",")}]`, nestedJson(tensor));
        }),
      );
    });
  }
});

test("NaN and the infinities become null, whatever the size of the tensor", () => {
  for (const length of [3, 20_000]) {
    const data = new Float32Array(length).fill(1);
    data.set([Number.NaN, Infinity, -Infinity]);
    const read = JSON.parse(flatJson({ name: "y", datatype: "FP32", shape: [length], data })) as unknown[];
    assert.deepEqual(read.slice(0, 3), [null, null, null]);
    assert.equal(read.length, length);
  }
});

describe("values that a datatype cannot hold are refused, not changed", () => {
  const table: readonly (readonly [Datatype, readonly unknown[]])[] = [
    ["BOOL", [2, -1, "true", null, 0.5]],
    ["UINT8", [-1, 256, 1.5, "1", null, true, [1], {}, Number.NaN]],
    ["UINT32", [4_294_967_296, -1]],
    ["UINT64", [-1, -1n, 2n ** 64n, 2 ** 53, 1.5, "1", null, true]],
    ["INT8", [128, -129]],
    ["INT64", [2n ** 63n, -(2n ** 63n) - 1n, 2 ** 53, 0.5]],
    ["FP16", [65_520, -65_520, "1", null]],
    ["FP32", [1e39, -1e39, Infinity, Number.NaN, null, "1", true, [1]]],
    ["FP64", [Infinity, null, "1", false]],
    ["BYTES", [1, null, true, "a\0b", "\ud800"]],
  ];
  for (const [datatype, wrong] of table) {
    for (const value of wrong) {
      test(`${datatype} does not take ${typeof value} ${JSON.stringify(typeof value === "bigint" ? value.toString() : value)}`, () => {
        const read = readElements({ name: "x", datatype, shape: [2] }, [2], [0, value].fill(value, 0, 2), "data");
        assert.ok(isProblem(read));
        assert.equal(read.code, "WrongElement");
        assert.ok(read.message.includes(codecs[datatype].takes), read.message);
      });
    }
  }
});

test("the message about a wrong element says where it lies", () => {
  const spec: TensorSpec = { name: "x", datatype: "FP32", shape: [2, 2] };
  const nested = readElements(
    spec,
    [2, 2],
    [
      [1, 2],
      [3, "four"],
    ],
    "data",
  );
  assert.ok(isProblem(nested));
  assert.match(nested.message, /data\[1\]\[1\] is "four"/);
  const flat = readElements(spec, [2, 2], [1, 2, 3, null], "data");
  assert.ok(isProblem(flat));
  assert.match(flat.message, /data\[3\] is null/);
});

describe("lengths that do not fit the shape are refused before anything is allocated", () => {
  const rows: readonly (readonly [string, readonly number[], unknown, string])[] = [
    ["too few flat values", [2, 2], [1, 2, 3], "WrongCount"],
    ["too many flat values", [2], [1, 2, 3], "WrongCount"],
    ["a row too short", [2, 2], [[1, 2], [3]], "Ragged"],
    ["a row that is a number", [2, 2], [[1, 2], 3], "Ragged"],
    ["too few rows", [3, 1], [[1], [2]], "Ragged"],
    ["no array at all", [2], 1, "Ragged"],
    [
      "2.5 thousand million claimed by few bytes",
      [50_000, 40_000],
      [Array.from({ length: 40_000 }, () => 0)],
      "Ragged",
    ],
    ["rows of nothing after a full one", [3, 40_000], [Array.from({ length: 40_000 }, () => 0), [], []], "Ragged"],
  ];
  for (const [name, shape, value, code] of rows) {
    test(name, () => {
      const read = readElements({ name: "x", datatype: "FP32", shape }, shape, value, "data");
      assert.ok(isProblem(read));
      assert.equal(read.code, code);
    });
  }
});
