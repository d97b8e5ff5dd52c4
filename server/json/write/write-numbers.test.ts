import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { SmallIntegers } from "../read-integers.ts";
import { createSheet, elementBytes, type Sheet } from "./sheet.ts";
import { writeBooleans } from "./write-booleans.ts";
import { writeDoubles } from "./write-doubles.ts";
import { writeIntegers } from "./write-integers.ts";
import { writeIntegers64 } from "./write-integers64.ts";

type Write<Data> = (sheet: Sheet, start: number, data: Data, begin: number, end: number) => number;

/** What stands on a sheet that has no room to spare, behind what stood there before. */
function written<Data extends { readonly length: number }>(write: Write<Data>, data: Data, begin = 0): string {
  const sheet = createSheet((data.length - begin) * elementBytes + 1);
  sheet.bytes.fill(0x23);
  const end = write(sheet, 1, data, begin, data.length);
  assert.equal(sheet.bytes[0], 0x23);
  return sheet.bytes.toString("latin1", 1, end);
}

describe("integers have every digit", () => {
  const tables: readonly SmallIntegers[] = [
    Int8Array.of(0, 1, -1, 9, 10, 99, 100, 127, -128),
    Int16Array.of(999, 1000, 9999, 10_000, 32_767, -32_768),
    Int32Array.of(
      99_999,
      100_000,
      1_000_000,
      99_999_999,
      100_000_000,
      999_999_999,
      1_000_000_000,
      -(2 ** 31),
      2 ** 31 - 1,
    ),
    Uint8Array.of(0, 255),
    Uint16Array.of(0, 65_535),
    Uint32Array.of(0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 3_000_000_000, 4_200_000_001),
  ];
  for (const data of tables) {
    test(data.constructor.name, () => {
      assert.equal(written(writeIntegers, data), data.join(","));
      assert.equal(written(writeIntegers, data, 1), data.subarray(1).join(","));
      assert.equal(written(writeIntegers, data, data.length), "");
    });
  }

  test("of 32 bits, any", () => {
    fc.assert(
      fc.property(fc.int32Array(), fc.uint32Array(), (signed, unsigned) => {
        assert.equal(written(writeIntegers, signed), signed.join(","));
        assert.equal(written(writeIntegers, unsigned), unsigned.join(","));
      }),
    );
  });

  const edges = [0, 31, 32, 52, 53, 62, 63].flatMap((bits) => [-1n, 0n, 1n].map((step) => 2n ** BigInt(bits) + step));
  const tens = Array.from({ length: 19 }, (_, power) => 10n ** BigInt(power)).flatMap((ten) => [
    ten - 1n,
    ten,
    ten + 1n,
  ]);
  const values = [...edges, ...tens, 2n ** 64n - 1n, 2n ** 63n + 12_345_678_901n];

  test("BigInt64Array", () => {
    const data = BigInt64Array.from([...values, ...values.map((value) => -value)]);
    assert.equal(written(writeIntegers64, data), data.join(","));
    assert.equal(written(writeIntegers64, data, 3), data.subarray(3).join(","));
    assert.equal(written(writeIntegers64, data.subarray(5)), data.subarray(5).join(","));
  });

  test("BigUint64Array", () => {
    const data = BigUint64Array.from(values);
    assert.equal(written(writeIntegers64, data), data.join(","));
  });

  test("of 64 bits, any", () => {
    fc.assert(
      fc.property(fc.bigInt64Array(), fc.bigUint64Array(), (signed, unsigned) => {
        assert.equal(written(writeIntegers64, signed), signed.join(","));
        assert.equal(written(writeIntegers64, unsigned), unsigned.join(","));
      }),
    );
  });
});

describe("doubles", () => {
  test("are written as JavaScript does, but for what JSON has no number for and a negative zero", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.double(),
            fc.maxSafeInteger(),
            fc.integer().map((value) => value / 1000),
          ),
        ),
        (values) => {
          const expected = values.map((value) =>
            Object.is(value, -0) ? "-0.0" : Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`,
          );
          assert.equal(written(writeDoubles, Float64Array.from(values)), expected.join(","));
        },
      ),
    );
  });

  test("at the edges", () => {
    const data = Float64Array.of(
      2 ** 53 - 1,
      2 ** 53,
      -(2 ** 53),
      1e21,
      1e20,
      1e15,
      123_456_789_012,
      1e8,
      1e16,
      5e-324,
    );
    assert.equal(written(writeDoubles, data), data.join(","));
    assert.equal(written(writeDoubles, data, 8), data.subarray(8).join(","));
    assert.equal(written(writeDoubles, Float64Array.of(-Number.MAX_VALUE)), "-1.7976931348623157e+308");
    assert.equal(written(writeDoubles, Float64Array.of(Number.NaN, -Infinity, -0)), '"NaN","-Infinity",-0.0');
  });
});

test("booleans are words", () => {
  assert.equal(written(writeBooleans, Uint8Array.of(1, 0, 0, 1)), "true,false,false,true");
  assert.equal(written(writeBooleans, Uint8Array.of(1, 0, 1), 1), "false,true");
});
