import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isProblem } from "../errors.ts";
import { parseObject } from "./json.ts";

const options = { exactIntegers: true, expected: "a JSON object" };

function parse(text: string): unknown {
  return parseObject(Buffer.from(text), options);
}

function codeOf(value: unknown): string {
  assert.ok(isProblem(value), "expected a problem");
  return value.code;
}

test("integers beyond 2^53 keep every digit, other values are as JSON has them", () => {
  const read = parse('{"a":[9007199254740993,-9223372036854775808,18446744073709551615,1,0.1,1e3,"9007199254740993"]}');
  assert.deepEqual(read, {
    a: [9007199254740993n, -9223372036854775808n, 18446744073709551615n, 1, 0.1, 1000, "9007199254740993"],
  });
});

test("without exact integers a body is what JSON.parse makes of it", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (object) => {
      const text = JSON.stringify(object);
      assert.deepEqual(parseObject(Buffer.from(text), { ...options, exactIntegers: false }), JSON.parse(text));
    }),
  );
});

test("brackets and quotes inside strings do not count as structure", () => {
  const text = JSON.stringify({ a: `${"[".repeat(1000)}"\\`, b: "\\" });
  assert.deepEqual(parse(text), JSON.parse(text));
});

test("a body that is no JSON object of UTF-8 is refused, and says what it is", () => {
  const table: readonly (readonly [string | Uint8Array, string])[] = [
    ["", "BodyEmpty"],
    ['{"a":[1,2', "NotJson"],
    ['{"a', "NotJson"],
    ["{}x", "NotJson"],
    ['{"a":NaN}', "NotJson"],
    ['{"a":Infinity}', "NotJson"],
    ["[1]", "WrongField"],
    ["null", "WrongField"],
    ["5", "WrongField"],
    [Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), "NotUtf8"],
  ];
  for (const [body, code] of table) {
    assert.equal(codeOf(parseObject(Buffer.from(body), options)), code, JSON.stringify(body));
  }
});

test("a body nested too deep is refused before it is parsed, wherever the brackets are", () => {
  assert.equal(codeOf(parse("[".repeat(100_000))), "TooDeep");
  assert.equal(codeOf(parse(`{"parameters":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)), "TooDeep");
  assert.equal(codeOf(parse('{"a":'.repeat(100_000))), "TooDeep");
});

test("more arrays than a body may have are refused before they take memory", () => {
  assert.equal(codeOf(parse(`{"a":[${"[],".repeat(4 * 1024 * 1024)}[]]}`)), "TooManyParts");
});

test("a body that looks like a problem is not taken for one", () => {
  const read = parse('{"code":"Internal","status":500,"message":"x","__proto__":{"a":1}}');
  assert.ok(!isProblem(read));
});

test("a message shows a part of the body at most", () => {
  const read = parse(`{"a":${"x".repeat(100_000)}}`);
  assert.ok(isProblem(read));
  assert.ok(read.message.length < 400, read.message);
});
