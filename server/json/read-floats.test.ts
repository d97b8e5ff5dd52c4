/// <reference lib="esnext.float16" />
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createCursor } from "./cursor.ts";
import { double, type FloatFormat, half, readFloats, single } from "./read-floats.ts";

type Floats = Float32Array | Float64Array | Float16Array;

/** Each format with an array of it, and an integer array to compare bits. */
const formats: readonly (readonly [string, FloatFormat, (count: number) => Floats])[] = [
  ["double", double, (count) => new Float64Array(count)],
  ["single", single, (count) => new Float32Array(count)],
  ["half", half, (count) => new Float16Array(count)],
];

/** The first number that is not what JSON.parse and a typed array make of it, in words; undefined: all are. */
function firstDifference(
  texts: readonly string[],
  format: FloatFormat,
  make: (count: number) => Floats,
): string | undefined {
  const cursor = createCursor(Buffer.from(`[${texts.join(",")}]`));
  cursor.at += 1;
  const found = make(1);
  const expected = make(1);
  for (const text of texts) {
    const value = JSON.parse(text) as number;
    expected[0] = value;
    const next = readFloats(cursor, found, 0, 1, format);
    if (!Number.isFinite(expected[0])) {
      if (next !== ~0) return `${text} is taken as ${found[0]}`;
      cursor.at += text.length;
    } else if (next !== 1 || !Object.is(found[0], expected[0])) {
      return `${text} is read as ${next === 1 ? found[0] : "refused"}, not as ${expected[0]}`;
    }
    cursor.at += 1;
  }
  return undefined;
}

const digits = (length: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: length }).map((all) => all.join(""));

/** Any number that JSON allows. */
const number = fc
  .tuple(
    fc.boolean(),
    fc.oneof(
      fc.constant("0"),
      digits(25).map((text) => text.replace(/^0+(?=\d)/, "")),
    ),
    fc.option(digits(30), { nil: undefined }),
    fc.option(fc.tuple(fc.constantFrom("e", "E", "e+", "e-"), fc.integer({ min: 0, max: 340 })), { nil: undefined }),
  )
  .map(
    ([isNegative, whole, fraction, exponent]) =>
      `${isNegative ? "-" : ""}${whole}${fraction === undefined ? "" : `.${fraction}`}${exponent === undefined ? "" : exponent.join("")}`,
  );

/** Decimals close to half-way between two neighbours of a format, where rounding is hardest. */
const nearHalfWay = fc
  .tuple(
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -2, max: 2 }),
    fc.constantFrom(24, 11, 53),
  )
  .map(([value, step, bits]) => {
    const size = Math.max(Math.abs(value), 1e-40);
    const unit = 2 ** (Math.floor(Math.log2(size)) - bits);
    const exact = size + unit;
    const shown = Number.isFinite(exact) ? exact.toPrecision(21) : "1";
    const [mantissa = "1", exponent] = shown.split("e");
    const nudged = `${mantissa}${step === 0 ? "" : "0".repeat(Math.abs(step))}${step > 0 ? "1" : ""}`;
    const text = mantissa.includes(".") ? nudged : mantissa;
    return exponent === undefined ? text : `${text}e${exponent}`;
  });

/** Numbers as programs write them. */
const printed = fc
  .oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.float({ noNaN: true, noDefaultInfinity: true }))
  .chain((value) =>
    fc.constantFrom(JSON.stringify(value), value.toExponential(), value.toPrecision(9), value.toPrecision(17)),
  );

describe("every number is what JSON.parse makes of it, rounded once more, to the last bit", () => {
  for (const [name, format, make] of formats) {
    test(name, () => {
      for (const arbitrary of [number, nearHalfWay, printed]) {
        fc.assert(
          fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 60 }), (texts) => {
            const difference = firstDifference(texts, format, make);
            assert.equal(difference, undefined, difference);
          }),
          { numRuns: 500 },
        );
      }
    });
  }
});

test("numbers that are hard to round", () => {
  const texts = [
    "0",
    "-0",
    "0.0",
    "-0e99999999999",
    "0e400",
    "1e-400",
    "-1e-400",
    "5e-324",
    "2e-324",
    "2.4703282292062327e-324",
    "2.4703282292062328e-324",
    "2.2250738585072011e-308",
    "2.2250738585072014e-308",
    "1.7976931348623157e308",
    "1.7976931348623158e308",
    "1.7976931348623159e308",
    "3.4028234663852886e38",
    "3.4028235677973365e38",
    "3.4028235677973366e38",
    "3.4028235677973367e38",
    "1.4012984643248171e-45",
    "7.006492321624085e-46",
    "7.0064923216240853e-46",
    "7.0064923216240854e-46",
    "7.00649232162408535461864791644958065640130970938257885878534e-46",
    "1.1754943508222875e-38",
    "1.17549429e-38",
    "65504",
    "65519.99999999999",
    "65520",
    "5.960464477539063e-8",
    "2.9802322387695312e-8",
    "2.98023223876953125e-8",
    "2.980232238769531250000000000000001e-8",
    "9007199254740993",
    "9007199254740992.5",
    "9007199254740993.0000000000000000000001",
    "16777217",
    "16777217.0000000000001",
    "16777216.99999999999999999999",
    "33554433.00000000000000000000000000000000001",
    "1.00000005960464477539062500000000001",
    "1.000000059604644775390625",
    "1.0000000596046447753906249999999999999",
    "2049",
    "2049.0000000000000001",
    "0.1",
    "0.30000000000000004",
    "1e22",
    "1e23",
    "8.5e22",
    "123456789012345678",
    "1234567890123456789",
    "12345678901234567890",
    "0.000000000000000000000000000012345678901234567890",
    "100000000000000000000000000000000000000000e-40",
    "179769313486231580793e289",
    "1e288",
    "1e289",
    "1e-288",
    "1e-289",
    "1E+2",
    "1e00000000000000000000002",
    "12e-1",
    `0.${"0".repeat(400)}1e401`,
    `1${"0".repeat(400)}e-400`,
    `${"9".repeat(800)}e-790`,
    "4503599627370496.5",
    "4503599627370497.5",
  ];
  for (const [name, format, make] of formats) {
    const difference = firstDifference(texts, format, make);
    assert.equal(difference, undefined, `${name}: ${difference}`);
  }
});

test("it stops where it says", () => {
  const read = (text: string, limit: number): readonly [number, string, number[]] => {
    const cursor = createCursor(Buffer.from(`${text}}`));
    const target = new Float32Array(3);
    const next = readFloats(cursor, target, 0, limit, single);
    return [next, cursor.bytes.toString("latin1", cursor.at, cursor.length), [...target]];
  };
  assert.deepEqual(read("1 , 2 ]", 3), [2, "]}", [1, 2, 0]]);
  assert.deepEqual(read("1,2 , 3", 2), [2, ", 3}", [1, 2, 0]]);
  assert.deepEqual(read("1, x", 3), [~1, "x}", [1, 0, 0]]);
  assert.deepEqual(read("1,1e99,2", 3), [~1, "1e99,2}", [1, 0, 0]]);
  assert.deepEqual(read('"NaN","-Infinity","Infinity"', 3), [3, "}", [Number.NaN, -Infinity, Infinity]]);
});
