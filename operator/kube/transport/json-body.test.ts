import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonBody } from "./json-body.ts";

test("what Go's encoder escapes is escaped, and reads back the same", () => {
  const value = { uri: "https://a.test/?x=1&y=<2>", odd: "\u007f\u2028\ufeff\uffff", plain: "é 日本 😀" };
  const text = jsonBody(value);
  assert.match(text, /x=1\\u0026y=\\u003c2\\u003e/);
  assert.doesNotMatch(text, /[<>&\u007f\u2028\ufeff\uffff]/);
  assert.match(text, /é 日本 😀/);
  assert.deepEqual(JSON.parse(text), value);
});
