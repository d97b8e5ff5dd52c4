import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSheet, elementBytes } from "./sheet.ts";
import { flawOf, singleForm } from "./test-shortest.ts";
import { writeSingles } from "./write-singles.ts";

function textsOf(data: Float32Array): readonly string[] {
  const sheet = createSheet(data.length * elementBytes);
  const end = writeSingles(sheet, 0, data, 0, data.length);
  return sheet.bytes.toString("latin1", 0, end).split(",");
}

function ofWords(words: readonly number[]): Float32Array {
  return new Float32Array(Int32Array.from(words).buffer);
}

/** Both signs of each: it is the shortest, and read as the same single. */
function checkAll(positive: Float32Array): void {
  for (const [index, text] of textsOf(positive).entries()) {
    const value = positive[index] as number;
    assert.equal(flawOf(text, value, singleForm), undefined, `${text} for ${value}`);
  }
  const negative = textsOf(positive.map((value) => -value));
  for (const [index, text] of textsOf(positive).entries()) assert.equal(negative[index], `-${text}`);
}

/** Numbers from 0 to 2^32 (Numerical Recipes' generator). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 0;
  };
}

describe("a single has the fewest digits that are read as it, and of those the closest", () => {
  test("mantissas at both ends and some between, of every exponent", () => {
    const random = createRandom(1);
    for (let exponent = 0; exponent < 0xff; exponent++) {
      const mantissas = [1, 2, 3, 0x400000, 0x7ffffe, 0x7fffff];
      for (let i = 0; i < 20; i++) mantissas.push(random() >>> 9);
      for (let i = 0; i < 10; i++) mantissas.push(((random() >>> 9) & -(2 ** (random() % 23))) | 0x400000);
      checkAll(ofWords(mantissas.map((mantissa) => (exponent << 23) | mantissa)));
    }
  });

  test("all powers of two, and their neighbours", () => {
    const powers = Array.from({ length: 254 }, (_, index) => (index + 1) << 23);
    checkAll(ofWords(powers.flatMap((word) => [word - 1, word, word + 1])));
    checkAll(ofWords(Array.from({ length: 23 }, (_, bit) => 1 << bit)));
  });

  test("what is nearest to the powers of ten and to a few digits, and its neighbours", () => {
    for (let power = -45; power <= 38; power++) {
      const nearest = Float32Array.from([1, 1.1, 2, 5, 9.9, 9.999, 1.234567, 3.4], (digits) =>
        Math.min(Number(`${digits}e${power}`), 3e38),
      );
      const words = new Int32Array(nearest.buffer);
      checkAll(ofWords([...words].flatMap((word) => [Math.max(word - 1, 1), Math.max(word, 1), word + 1])));
    }
  });

  test("subnormals", () => {
    const random = createRandom(2);
    checkAll(ofWords(Array.from({ length: 1000 }, (_, index) => index + 1)));
    checkAll(ofWords(Array.from({ length: 1000 }, () => (random() >>> (9 + (random() % 23))) | 1)));
  });

  test("numbers as models give them", () => {
    const random = createRandom(3);
    const unit = Array.from({ length: 3000 }, () => (random() + 1) / 2 ** 32);
    checkAll(Float32Array.from(unit));
    checkAll(Float32Array.from(unit, (value) => 6 * value));
    checkAll(Float32Array.from(unit, (value) => Math.exp(-30 * value)));
    checkAll(Float32Array.from(unit, (value) => 640 * value));
    checkAll(Float32Array.from(unit, (value) => Math.round(1000 * value) / 1000 + 0.001));
    checkAll(Float32Array.from(unit, (value) => Math.round(1e6 * value) / 256 + 1 / 512));
  });

  test("those on either side of a number with few digits that is exactly half-way", () => {
    const words: number[] = [];
    for (let ten = 0; ten <= 10; ten++) {
      const five = 5 ** ten;
      for (let odd = Math.ceil(2 ** 24 / five) | 1; odd * five < 2 ** 25; odd += 2) {
        // odd * 5^ten, twice a mantissa and one, times 2^two, is odd * 2^(two - ten) with zeros behind it.
        for (let two = 29; odd * 2 ** (two - ten) < 1e9; two++) {
          const below = Math.floor((odd * five) / 2) * 2 ** (two + 1);
          const [word] = new Int32Array(Float32Array.of(below).buffer);
          if (word !== undefined) words.push(word, word + 1);
        }
      }
    }
    assert.ok(words.length > 20);
    checkAll(ofWords(words));
  });

  test("those that half a unit takes closest to a decimal number of the length, of all 2^31", () => {
    const words = [
      0x6fbd2db6, 0x0f18377d, 0x62b11ee0, 0x6846643c, 0x63311ee0, 0x68c6643c, 0x0ac170a7, 0x008394ec, 0x2cf757ca,
      0x63b11ee0, 0x6946643c, 0x0b4170a7, 0x36a0532c, 0x010394ec, 0x62311ee0, 0x162e43fd, 0x09c170a7, 0x2d7757ca,
      0x7818ef9c, 0x14ae43fd, 0x130289d0, 0x652c7c35, 0x64311ee0, 0x182e43fd,
      // Whose shortest number is this close, inside or out.
      0x041d63d9, 0x09ce9c9e, 0x0f1ab5fa, 0x0f4c9ea8, 0x1a5f03ad, 0x2c218dfa, 0x2c44a9bd, 0x2fc4a9bd,
      // The one that is lost if it is read as a double first.
      0x15ae43fd,
    ];
    checkAll(ofWords(words.flatMap((word) => [word - 1, word, word + 1])));
  });
});

test("a number is written as JavaScript would", () => {
  const rows: readonly (readonly [number, string])[] = [
    [0.1, "0.1"],
    [1 / 3, "0.33333334"],
    [-1.5, "-1.5"],
    [10.25, "10.25"],
    [12.34, "12.34"],
    [123_456.78, "123456.78"],
    [0.000001, "0.000001"],
    [1.2345678e-6, "0.0000012345678"],
    [1e-7, "1e-7"],
    [1.5e-10, "1.5e-10"],
    [16_777_216, "16777216"],
    // A tens' place alone would be read as it: no reader of whole numbers should get another one.
    [33_554_448, "33554448"],
    [4_294_967_296, "4294967296"],
    [2 ** 53 - 2 ** 29, "9007198717870080"],
    [2 ** 53, "9007199000000000"],
    [1e20, "100000000000000000000"],
    [1e21, "1e+21"],
    [1.25e22, "1.25e+22"],
    [7.0385307e-26, "7.0385307e-26"],
    [3.4028235e38, "3.4028235e+38"],
    [2 ** -126, "1.1754944e-38"],
    [2 ** -149, "1e-45"],
    [0, "0"],
    [-0, "-0.0"],
    [Number.NaN, '"NaN"'],
    [Infinity, '"Infinity"'],
    [-Infinity, '"-Infinity"'],
  ];
  const texts = textsOf(Float32Array.from(rows, ([value]) => value));
  assert.deepEqual(
    texts,
    rows.map(([, text]) => text),
  );
  assert.deepEqual(textsOf(ofWords([0xffc00001 | 0, 0x7f800001])), ['"NaN"', '"NaN"']);
});

test("only the elements asked for are written, from the place asked for, and none is longer than it may be", () => {
  const sheet = createSheet(200);
  sheet.bytes.fill(0x23);
  const data = Float32Array.of(1, -2.5, 0.125, 7);
  assert.equal(writeSingles(sheet, 3, data, 1, 3), 13);
  assert.equal(sheet.bytes.toString("latin1", 0, 13), "###-2.5,0.125");
  assert.equal(writeSingles(sheet, 5, data, 2, 2), 5);

  const part = new Float32Array(Float32Array.of(9, 1.5, 2.5).buffer, 4, 2);
  assert.equal(sheet.bytes.toString("latin1", 0, writeSingles(sheet, 0, part, 0, 2)), "1.5,2.5");
  const longest = textsOf(Float32Array.of(-9.9999e20, -1.2345678e-6, -1.2345678e-38, -Infinity)).map(
    ({ length }) => length,
  );
  assert.ok(Math.max(...longest) < elementBytes);
});
