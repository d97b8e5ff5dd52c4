import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createCursor } from "./cursor.ts";
import { readIntegers } from "./read-integers.ts";
import { readIntegers64 } from "./read-integers64.ts";

/** Undefined: not taken. */
function readOne(text: string, isSigned: boolean): bigint | undefined {
  const target = isSigned ? new BigInt64Array(2) : new BigUint64Array(2);
  const cursor = createCursor(Buffer.from(`${text}]}`));
  const next = readIntegers64(cursor, new Uint32Array(target.buffer), 1, 2, isSigned);
  assert.equal(target[0], 0n, "nothing else is written");
  if (next === 2 && cursor.at === text.length) return target[1];
  assert.ok(next === ~1 || next === 2);
  if (next === ~1) assert.equal(cursor.at, 0, "the cursor stays before what is not taken");
  return undefined;
}

const ends = [0n, 1n, 10n ** 9n, 10n ** 18n, 2n ** 31n, 2n ** 32n, 2n ** 49n, 2n ** 53n, 2n ** 63n, 2n ** 64n];
const near = fc
  .tuple(fc.constantFrom(...ends), fc.bigInt({ min: -3n, max: 3n }), fc.boolean())
  .map(([end, step, isNegative]) => (isNegative ? -1n : 1n) * (end + step));
const any = fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n });

test("64-bit integers keep every digit, and what does not fit is not taken", () => {
  fc.assert(
    fc.property(fc.oneof(near, any), (value) => {
      const text = value.toString();
      assert.equal(readOne(text, true), BigInt.asIntN(64, value) === value ? value : undefined);
      assert.equal(readOne(text, false), BigInt.asUintN(64, value) === value ? value : undefined);
    }),
    { numRuns: 5000 },
  );
});

test("an integer may be written with a fraction or an exponent while a double holds it", () => {
  const table: readonly (readonly [string, bigint | undefined])[] = [
    ["-0", 0n],
    ["1.0", 1n],
    ["-12.50e1", -125n],
    ["1e3", 1000n],
    ["1000000000000000000000e-20", 10n],
    ["9007199254740991.0", 9_007_199_254_740_991n],
    ["-9007199254740991.0", -9_007_199_254_740_991n],
    ["9007199254740992.0", undefined],
    ["1e19", undefined],
    ["1.5", undefined],
    ["1e-1", undefined],
    ["01", undefined],
    ["-", undefined],
    ["+1", undefined],
    ["1.", undefined],
    ["", undefined],
    ["999999999999999999999", undefined],
    [`1${"0".repeat(1000)}`, undefined],
  ];
  for (const [text, value] of table) assert.equal(readOne(text, true), value, text);
});

test("32-bit integers and less are what JSON.parse makes of them, within their range", () => {
  const texts = fc.oneof(
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(String),
    fc.integer({ min: -300, max: 300 }).map(String),
    fc.maxSafeInteger().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
    fc.integer({ min: -200, max: 200 }).map((value) => `${value}.0`),
    fc.integer({ min: -200, max: 200 }).map((value) => `${value}e0`),
    fc.integer({ min: -200, max: 200 }).map((value) => `${value * 100}E-2`),
  );
  fc.assert(
    fc.property(
      texts,
      fc.constantFrom<readonly [number, number]>([-128, 127], [0, 255], [-(2 ** 31), 2 ** 31 - 1], [0, 2 ** 32 - 1]),
      (text, [low, high]) => {
        const target = high > 2 ** 31 ? new Uint32Array(1) : new Int32Array(1);
        const next = readIntegers(createCursor(Buffer.from(`${text}]}`)), target, 0, 1, low, high);
        const value = JSON.parse(text) as number;
        const isTaken = Number.isInteger(value) && value >= low && value <= high;
        assert.equal(next, isTaken ? 1 : ~0, text);
        if (isTaken) assert.equal(target[0], value + 0);
      },
    ),
    { numRuns: 3000 },
  );
});
