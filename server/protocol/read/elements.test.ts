/// <reference lib="esnext.float16" />
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isProblem, type Problem } from "../../errors.ts";
import { createCursor } from "../../json/cursor.ts";
import { codecs, type Datatype, elementCount, type Tensor, type TensorData, type TensorSpec } from "../../tensor.ts";
import { readColumn } from "./columns.ts";
import { readElements } from "./elements.ts";
import { rowsText } from "../write/output-text.ts";
import { flatText, nestedText } from "../write/tensor-text.ts";

/** Values that each datatype can hold and that can be written. */
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
  FP16: fc.integer({ min: 0, max: 65_535 }).map(halfOfBits).map(withOneNaN),
  FP32: fc.float(),
  FP64: fc.double(),
  BYTES: fc.string({ unit: "binary" }).filter((text) => !text.includes("\0") && text.isWellFormed()),
};

function halfOfBits(bits: number): number {
  return new Float16Array(Uint16Array.of(bits).buffer)[0] ?? 0;
}

/** Comparisons tell the many of half floats apart. */
function withOneNaN(value: number): number {
  return Number.isNaN(value) ? Number.NaN : value;
}

function tensorOf(datatype: Datatype, sizes: { readonly min: number }): fc.Arbitrary<Tensor> {
  return fc.array(fc.integer({ min: sizes.min, max: 4 }), { maxLength: 4 }).chain((shape) => {
    const count = elementCount(shape) ?? 0;
    return fc.array(values[datatype], { minLength: count, maxLength: count }).map((elements) => {
      const data = codecs[datatype].allocate(count);
      for (const [index, element] of elements.entries()) (data as unknown[])[index] = element;
      if (datatype === "BOOL") for (let i = 0; i < count; i++) (data as unknown[])[i] = Number(data[i]);
      return { name: "x", datatype, shape, data };
    });
  });
}

function specOf({ name, datatype, shape }: Tensor): TensorSpec {
  return { name, datatype, shape };
}

function read(spec: TensorSpec, shape: readonly number[], text: string, label = "data"): TensorData | Problem {
  return readElements(createCursor(Buffer.from(text)), spec, shape, label);
}

function textOf(pieces: Iterable<string | Uint8Array>): string {
  return Buffer.concat([...pieces].map((piece) => Buffer.from(piece))).toString("utf8");
}

/** With the blanks that JSON allows between any two tokens. */
function spaced(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|[[\],]/g, " \t$&\r\n");
}

describe("a tensor written as JSON and read again is the same", () => {
  for (const datatype of Object.keys(codecs) as Datatype[]) {
    test(`${datatype}, flat`, () => {
      fc.assert(
        fc.property(tensorOf(datatype, { min: 0 }), fc.boolean(), (tensor, isSpaced) => {
          const text = textOf(flatText(tensor));
          JSON.parse(text);
          assert.deepEqual(read(specOf(tensor), tensor.shape, isSpaced ? spaced(text) : text), tensor.data);
        }),
      );
    });

    test(`${datatype}, nested, with the shape found in the nesting`, () => {
      fc.assert(
        fc.property(tensorOf(datatype, { min: 1 }), fc.boolean(), (tensor, isSpaced) => {
          const text = textOf(nestedText(tensor));
          const sent = isSpaced ? spaced(text) : text;
          const free = { ...specOf(tensor), shape: tensor.shape.map(() => -1) };
          assert.deepEqual(readColumn(createCursor(Buffer.from(sent)), free, "data"), tensor);
          if (tensor.shape.length === 0) return;
          assert.deepEqual(read(specOf(tensor), tensor.shape, sent), tensor.data);
          assert.equal(textOf(rowsText([tensor], tensor.shape[0] ?? 0)), text);
        }),
      );
    });
  }
});

test("tensors larger than what is read and written at once are the same again", () => {
  for (const datatype of ["FP32", "INT64", "INT8", "BYTES", "BOOL"] as const) {
    const shape = [3, 20_011];
    const data = codecs[datatype].allocate(60_033);
    for (let i = 0; i < data.length; i++) {
      (data as unknown[])[i] =
        datatype === "INT64"
          ? BigInt(i) - 7n
          : datatype === "BYTES"
            ? `t${i}`
            : datatype === "BOOL"
              ? i % 2
              : (i % 250) - 125;
    }
    const tensor: Tensor = { name: "x", datatype, shape, data };
    const flat = [...flatText(tensor)];
    assert.ok(Math.max(...flat.map((piece) => piece.length)) < 500_000, "a piece is bounded");
    const again = read(specOf(tensor), shape, textOf(flat));
    assert.ok(!isProblem(again));
    assert.ok(isSame(again, data), `${datatype}, flat`);
    const column = readColumn(
      createCursor(Buffer.from(textOf(nestedText(tensor)))),
      { ...specOf(tensor), shape: [-1, -1] },
      "x",
    );
    assert.ok(!isProblem(column));
    assert.ok(isSame(column.data, data), `${datatype}, nested`);
  }
});

/** Without the report of a comparison, which takes all memory for arrays of this size. */
function isSame(a: TensorData, b: TensorData): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

test("NaN and the infinities are strings", () => {
  const data = Float32Array.of(Number.NaN, 1, Infinity, -Infinity);
  assert.equal(textOf(flatText({ name: "y", datatype: "FP32", shape: [4], data })), '["NaN",1,"Infinity","-Infinity"]');
});

describe("values that a datatype cannot hold are refused, not changed", () => {
  const table: readonly (readonly [Datatype, readonly string[]])[] = [
    ["BOOL", ["2", "-1", '"true"', "null", "0.5", "[1]", "{}"]],
    ["UINT8", ["-1", "256", "1.5", '"1"', "null", "true", "[1]", "{}", '"NaN"', "1e3"]],
    ["UINT32", ["4294967296", "-1", "99999999999999999999"]],
    [
      "UINT64",
      [
        "-1",
        "18446744073709551616",
        "99999999999999999999",
        "9007199254740992.0",
        "1.5",
        '"1"',
        "null",
        "true",
        "1e20",
      ],
    ],
    ["INT8", ["128", "-129"]],
    ["INT64", ["9223372036854775808", "-9223372036854775809", "9e18", "0.5", "1e999", "123456789012345678901"]],
    ["FP16", ["65520", "-65520", '"1"', "null"]],
    [
      "FP32",
      [
        "1e39",
        "-1e39",
        "3.4028235677973366e38",
        "1e999",
        '"nan"',
        '"inf"',
        '"+Infinity"',
        "null",
        '"1"',
        "true",
        "[1]",
      ],
    ],
    ["FP64", ["1e309", "-1e999", "null", '"1"', "false"]],
    ["BYTES", ["1", "null", "true", '"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"']],
  ];
  for (const [datatype, wrong] of table) {
    for (const value of wrong) {
      test(`${datatype} does not take ${value}`, () => {
        const result = read({ name: "x", datatype, shape: [2] }, [2], `[${value},${value}]`);
        assert.ok(isProblem(result));
        assert.equal(result.code, "WrongElement");
        assert.ok(result.message.includes(codecs[datatype].takes), result.message);
      });
    }
  }
});

describe("what is no JSON is told as such, and where", () => {
  const table: readonly (readonly [Datatype, string, RegExp])[] = [
    ["FP32", "[1,NaN]", /unexpected "N" at byte 3; .*send the strings/],
    ["FP32", "[-Infinity,1]", /unexpected "I" at byte 2; .*send the strings/],
    ["INT32", "[NaN,1]", /unexpected "N" at byte 1/],
    ["FP32", "[1,]", /unexpected "\]" at byte 3/],
    ["FP32", "[,1]", /unexpected "," at byte 1/],
    ["FP32", "[1 2]", /unexpected "2" at byte 3/],
    ["FP32", "[1,2", /it ends after 4 bytes/],
    ["FP32", "[1,2}", /unexpected "}" at byte 4/],
    ["FP32", "[01,2]", /unexpected "1" at byte 2/],
    ["FP32", "[1.,2]", /unexpected "," at byte 3/],
    ["FP32", "[0.123:5678,2]", /unexpected ":" at byte 6/],
    ["FP32", "[0.1234567/,2]", /unexpected "\/" at byte 10/],
    ["FP32", "[.5,2]", /unexpected "." at byte 1/],
    ["FP32", "[1e,2]", /unexpected "," at byte 3/],
    ["FP32", "[+1,2]", /unexpected "\+" at byte 1/],
    ["FP32", "[1\u00a0,2]", /unexpected "\u00a0" at byte 2/],
    ["FP32", "[1\f,2]", /unexpected "\\f" at byte 2/],
    ["FP32", "[-,2]", /unexpected "," at byte 2/],
    ["INT64", "[01,2]", /unexpected "1" at byte 2/],
    ["INT64", "[1.e1,2]", /unexpected "e" at byte 3/],
    ["INT64", "[--1,2]", /unexpected "-" at byte 2/],
    ["UINT8", "[00,2]", /unexpected "0" at byte 2/],
    ["UINT8", "[0x1,2]", /unexpected "x" at byte 2/],
    ["BOOL", "[tru,1]", /unexpected "," at byte 4/],
    ["BYTES", '["a" "b"]', /unexpected "\\"" at byte 5/],
    ["BYTES", '["a\u001fb","c"]', /unexpected "\\u001f" at byte 3/],
    ["BYTES", '["a\nb","c"]', /unexpected "\\n" at byte 3/],
    ["BYTES", '["\\x41","c"]', /unexpected "x" at byte 3/],
    ["BYTES", '["\\u12g4","c"]', /unexpected "g" at byte 6/],
    ["BYTES", '["a', /it ends after 3 bytes/],
  ];
  for (const [datatype, text, message] of table) {
    test(`${datatype} ${JSON.stringify(text)}`, () => {
      assert.throws(() => JSON.parse(text), SyntaxError);
      for (const sent of [text, `[${text}]`]) {
        const shape = sent === text ? [2] : [1, 2];
        const result = read({ name: "x", datatype, shape }, shape, sent);
        assert.ok(isProblem(result));
        assert.equal(result.code, "NotJson", result.message);
        if (sent === text) assert.match(result.message, message);
      }
    });
  }
});

test("the message about a wrong element says where it lies", () => {
  const spec: TensorSpec = { name: "x", datatype: "FP32", shape: [2, 2] };
  const nested = read(spec, [2, 2], '[[1,2],[3,"four"]]');
  assert.ok(isProblem(nested));
  assert.match(nested.message, /data\[1\]\[1\] is "four"/);
  const flat = read(spec, [2, 2], "[1,2,3,null]");
  assert.ok(isProblem(flat));
  assert.match(flat.message, /data\[3\] is null/);
  const deep = read(spec, [2, 2], "[[1,2],[3,[4,5]]]");
  assert.ok(isProblem(deep));
  assert.match(deep.message, /data\[1\]\[1\] is an array of 2/);
});

describe("lengths that do not fit the shape are refused before anything is allocated", () => {
  const zeros = `[${Array.from({ length: 40_000 }, () => 0).join(",")}]`;
  const rows: readonly (readonly [string, readonly number[], string, string, RegExp])[] = [
    ["too few flat values", [2, 2], "[1,2,3]", "WrongCount", /3 values in data; its shape \[2,2\] needs 4/],
    ["too many flat values", [2], "[1,2,3]", "WrongCount", /3 values/],
    ["a value for none", [0], "[1]", "WrongCount", /1 values/],
    ["no value for one", [1], "[]", "WrongCount", /0 values/],
    ["a row too short", [2, 2], "[[1,2],[3]]", "Ragged", /data\[1\] is an array of 1, where one of 2/],
    ["a row too long", [2, 2], "[[1,2],[3,4,[5]]]", "Ragged", /data\[1\] is an array of 3, where one of 2/],
    ["a row that is a number", [2, 2], "[[1,2],3]", "Ragged", /data\[1\] is 3, where an array of 2/],
    ["too few rows", [3, 1], "[[1],[2]]", "Ragged", /data is an array of 2, where one of 3/],
    ["too many rows", [1, 1], "[[1],[2],[3]]", "Ragged", /data is an array of 3, where one of 1/],
    ["two thousand million claimed by few bytes", [50_000, 40_000], `[${zeros}]`, "Ragged", /array of 1/],
    ["the same, flat", [50_000, 40_000], zeros, "WrongCount", /40000 values/],
    ["rows of nothing after a full one", [3, 40_000], `[${zeros},[],[]]`, "Ragged", /is an array of 0|array of 3/],
  ];
  for (const [name, shape, text, code, message] of rows) {
    test(name, () => {
      const before = process.memoryUsage().arrayBuffers;
      const result = read({ name: "x", datatype: "FP32", shape }, shape, text);
      assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000, "no more memory than the body can fill");
      assert.ok(isProblem(result));
      assert.equal(result.code, code);
      assert.match(result.message, message);
    });
  }
});

test("the sizes of a model make no room that the body cannot fill", () => {
  const before = process.memoryUsage().arrayBuffers;
  const spec: TensorSpec = { name: "x", datatype: "FP32", shape: [50_000, 40_000] };
  const column = readColumn(createCursor(Buffer.from("[[1]]")), spec, "x");
  assert.ok(isProblem(column) && column.code === "WrongShape");
  assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000, "a small body takes little memory");
});
