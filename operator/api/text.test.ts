import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { longestText, readable } from "./text.ts";

const rows: readonly (readonly [what: string, text: string, clean: string])[] = [
  ["plain text", "a\tb\nc é 😀 字", "a\tb\nc é 😀 字"],
  ["C0 controls, which JSON escapes", "a\u0000\u001B\r", "a\u0000\u001B\r"],
  ["DEL and C1", "\u007F\u0080\u0085\u009F", "\uFFFD\uFFFD\uFFFD\uFFFD"],
  ["Unicode line breaks", "\u2028\u2029", "\uFFFD\uFFFD"],
  ["byte order mark and non-characters", "\uFEFF\uFFFE\uFFFF", "\uFFFD\uFFFD\uFFFD"],
  ["halves of a surrogate pair", "\uD800a\uDC00", "\uFFFDa\uFFFD"],
];

for (const [what, text, clean] of rows) {
  test(`${what} as it may stand in a status`, () => assert.equal(readable(text), clean));
}

test("too much is cut, and not in the middle of a character", () => {
  assert.equal(readable("x".repeat(longestText)).length, longestText);
  assert.equal(readable("x".repeat(longestText + 1)), `${"x".repeat(longestText - 2)}…`);
  assert.equal(readable(`${"x".repeat(7)}😀yy`, 10), `${"x".repeat(7)}\uFFFD…`);
});

test("doing it twice changes nothing more", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 4, max: 40 }), (text, longest) => {
      const once = readable(text, longest);
      assert.ok(once.length <= longest);
      assert.equal(readable(once, longest), once);
    }),
  );
});
