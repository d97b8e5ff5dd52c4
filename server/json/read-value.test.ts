import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isProblem } from "../errors.ts";
import { show } from "../show.ts";
import { createCursor } from "./cursor.ts";
import { delimit } from "./delimit.ts";
import { readBody } from "./read-body.ts";
import { readValue, skipValue } from "./read-value.ts";

/** The code of what is wrong with a text of one value. */
function skip(text: string): string | undefined {
  const cursor = createCursor(Buffer.from(text));
  const mistake = skipValue(cursor);
  if (mistake !== undefined) return mistake.code;
  assert.equal(cursor.depth, 0, "all that was opened is closed");
  return cursor.at === cursor.length ? undefined : "MoreThanOneValue";
}

const spaces = fc.constantFrom("", " ", "\n\t\r ");

/** JSON with blanks in between. */
const json = fc
  .tuple(fc.json({ maxDepth: 6, stringUnit: "binary" }), spaces)
  .map(([text, space]) => text.replaceAll(/"(?:[^"\\]|\\.)*"|[[\]{},:]/g, `${space}$&${space}`));

test("JSON is JSON for JSON.parse and for this reader, whatever is changed in it", () => {
  const change = fc.tuple(
    fc.nat(),
    fc.constantFrom(
      "",
      ",",
      "]",
      "}",
      "[",
      "{",
      '"',
      ":",
      "0",
      "1",
      "-",
      ".",
      "e",
      "\\",
      "u",
      "\0",
      "\n",
      " ",
      "t",
      "NaN",
      "null",
    ),
  );
  fc.assert(
    fc.property(json, fc.option(change, { nil: undefined }), fc.boolean(), (text, changed, isReplaced) => {
      const at = changed === undefined ? 0 : changed[0] % (text.length + 1);
      const sent =
        changed === undefined ? text : text.slice(0, at) + changed[1] + text.slice(at + (isReplaced ? 1 : 0));
      // Half a surrogate pair cannot be sent as UTF-8.
      if (!sent.isWellFormed()) return;
      let isJson = true;
      try {
        JSON.parse(sent);
      } catch {
        isJson = false;
      }
      assert.equal(skip(sent) === undefined, isJson, JSON.stringify(sent));
    }),
    { numRuns: 5000 },
  );
});

test("strings are what JSON.parse makes of them", () => {
  const escaped = fc
    .string({ unit: "binary" })
    .map((text) =>
      Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""),
    );
  const mixed = fc.tuple(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("\\n", '\\"', "\\\\", "\\/", "\\b\\f\\r\\t", "\\uD83D\\ude00", "\\ud800"),
    escaped,
  );
  const text = fc.oneof(
    fc
      .string({ unit: "binary" })
      .filter((value) => value.isWellFormed())
      .map((value) => JSON.stringify(value)),
    mixed.map(([plain, letter, rest]) => `"${JSON.stringify(plain).slice(1, -1)}${letter}${rest}"`),
  );
  fc.assert(
    fc.property(text, (sent) => {
      assert.equal(readValue(createCursor(Buffer.from(sent))), JSON.parse(sent));
    }),
    { numRuns: 2000 },
  );
});

test("delimiting finds the end that skipping finds", () => {
  const long = fc.array(fc.oneof(fc.double(), fc.string(), fc.constant("]"), fc.array(fc.integer())), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(fc.oneof(long, fc.array(fc.jsonValue())), fc.string(), (value, rest) => {
      const text = `${JSON.stringify(value)}${rest}`;
      const skipped = createCursor(Buffer.from(text));
      const delimited = createCursor(Buffer.from(text));
      assert.equal(skipValue(skipped), undefined);
      assert.equal(delimit(delimited), undefined);
      assert.equal(delimited.at, skipped.at);
    }),
  );
});

describe("a value is read as messages show it", () => {
  const table: readonly (readonly [string, string])[] = [
    ["[]", "an empty array"],
    ["[1,[2,3],{}]", "an array of 3"],
    ['{"a":[1]}', "an object"],
    ["9007199254740993", "9007199254740993"],
    ["-18446744073709551616", "-18446744073709551616"],
    ["1e400", "Infinity"],
    ["9".repeat(400), "Infinity"],
    ["null", "null"],
    ["true", "true"],
    ['"a\\u0041"', '"aA"'],
  ];
  for (const [text, expected] of table) {
    test(text.slice(0, 30), () => assert.equal(show(readValue(createCursor(Buffer.from(text)))), expected));
  }
});

describe("a body that is no JSON object of UTF-8 is refused, and says what it is", () => {
  const table: readonly (readonly [string | Uint8Array, string, RegExp])[] = [
    ["", "BodyEmpty", /send an object/],
    ["  \n", "NotJson", /ends after 0 bytes/],
    ['{"a":[1,2', "NotJson", /ends after 9 bytes/],
    ['{"a', "NotJson", /ends after 3 bytes/],
    ['{"a":1}}', "NotJson", /unexpected "}" at byte 7/],
    ["{}x", "NotJson", /unexpected "x" at byte 2/],
    ['{"a":NaN}', "NotJson", /unexpected "N" at byte 5.*"NaN", "Infinity", "-Infinity"/],
    ['{"a" 1}', "NotJson", /unexpected "1" at byte 5/],
    ["{a:1}", "NotJson", /unexpected "a" at byte 1/],
    ['{"a":1,}', "NotJson", /unexpected "}" at byte 7/],
    ['{"a":1 "b":2}', "NotJson", /unexpected "\\"" at byte 7/],
    ['{"é":ü}', "NotJson", /unexpected "ü" at byte 6/],
    ['{"a":"\u0001"}', "NotJson", /unexpected "\\u0001" at byte 6/],
    ['{"a":{}', "NotJson", /ends after 7 bytes/],
    ["[1]", "WrongField", /the body is an array of 1/],
    ["null", "WrongField", /the body is null/],
    ["5", "WrongField", /the body is 5/],
    ["[1", "NotJson", /ends after 2 bytes/],
    ["5 6", "NotJson", /unexpected "6" at byte 2/],
    [Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), "NotUtf8", /UTF-8/],
    [Uint8Array.of(0x7b, 0xff, 0x7d), "NotUtf8", /UTF-8/],
    ["[".repeat(100_000), "TooDeep", /64 levels/],
    [`{"parameters":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, "TooDeep", /64 levels/],
    ['{"a":'.repeat(100_000), "TooDeep", /64 levels/],
    [`{"a":${"x".repeat(100_000)}}`, "NotJson", /unexpected "x" at byte 5/],
  ];
  for (const [body, code, message] of table) {
    test(`${JSON.stringify(body.slice(0, 20))} is ${code}`, () => {
      const mistake = readBody(Buffer.from(body), "an object", [], () => undefined);
      assert.equal(mistake?.code, code, mistake?.message);
      assert.match(mistake?.message ?? "", message);
      assert.ok((mistake?.message.length ?? 0) < 400);
    });
  }
});

test("64 levels are taken, one more is not", () => {
  const nested = (levels: number): string => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
  assert.equal(skip(nested(64)), undefined);
  assert.equal(skip(nested(65)), "TooDeep");
});

test("a field may be repeated a few times, not without bound", () => {
  const read = (times: number): string | undefined =>
    readBody(Buffer.from(`{"b":0${',"a":1'.repeat(times)}}`), "an object", ["a", "b"], skipValue)?.code;
  assert.equal(read(9), undefined);
  assert.equal(read(10), "RepeatedField");
});

test("a byte order mark before the body is skipped", () => {
  let seen: unknown;
  const mistake = readBody(Buffer.from('\uFEFF {"a":7} '), "an object", ["a"], (cursor) => {
    seen = readValue(cursor);
    return undefined;
  });
  assert.equal(mistake, undefined);
  assert.equal(seen, 7);
});

test("any array of bytes will do, whatever lies around it", () => {
  const bytes = new TextEncoder().encode('9{"a":12}3');
  const seen: unknown[] = [];
  const mistake = readBody(bytes.subarray(1, 9), "an object", ["a"], (cursor) => {
    seen.push(readValue(cursor));
    return undefined;
  });
  assert.equal(mistake, undefined);
  assert.deepEqual(seen, [12]);
});

test("nothing that was read is taken for a problem", () => {
  assert.ok(!isProblem(readValue(createCursor(Buffer.from('{"code":"Internal","status":500,"message":"x"}')))));
});
