import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isProblem } from "../errors.ts";
import type { Signature } from "../tensor.ts";
import { decodePredict } from "./predict.ts";
import { decodeV1 } from "./v1.ts";
import { decodeV2 } from "./v2/decode-v2.ts";

/** Strings as TensorFlow Serving's REST API writes those that are no UTF-8 there: `{"b64": "…"}`. */

const one: Signature = { inputs: [{ name: "s", datatype: "BYTES", shape: [-1] }], outputs: [] };
const scalar: Signature = { inputs: [{ name: "s", datatype: "BYTES", shape: [] }], outputs: [] };
const two: Signature = {
  inputs: [
    { name: "s", datatype: "BYTES", shape: [-1] },
    { name: "n", datatype: "FP32", shape: [-1] },
  ],
  outputs: [],
};
const base64 = (text: string): { readonly b64: string } => ({ b64: Buffer.from(text).toString("base64") });

function stringsOf(decode: typeof decodeV1 | typeof decodePredict, body: unknown, signature: Signature): unknown {
  const request = decode(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), signature);
  return isProblem(request) ? `${request.code}: ${request.message}` : request.inputs[0]?.data;
}

describe("strings in base64 are taken", () => {
  const table: readonly (readonly [string, typeof decodeV1 | typeof decodePredict, unknown, Signature])[] = [
    ["rows", decodeV1, { instances: [base64("ä€"), "b"] }, one],
    ["rows by name", decodeV1, { instances: [{ s: base64("ä€") }, { s: "b" }] }, one],
    [
      "rows of two inputs",
      decodeV1,
      {
        instances: [
          { n: 1, s: base64("ä€") },
          { s: base64("b"), n: 2 },
        ],
      },
      two,
    ],
    ["columns", decodeV1, { inputs: ["ä€", base64("b")] }, one],
    ["columns by name", decodeV1, { inputs: { s: [base64("ä€"), base64("b")], n: [1, 2] } }, two],
    ["/predict", decodePredict, { input_data: [base64("ä€"), "b"] }, one],
    ["/predict by name", decodePredict, { input_data: { s: [base64("ä€"), "b"] } }, one],
    ["with spaces", decodeV1, '{"instances":[ { "b64" : "w6TigqwA" } ,"b"]}'.replace("qwA", "qw="), one],
    ["without padding", decodeV1, '{"instances":[{"b64":"w6TigqwK"},"b"]}'.replace("qwK", "qw"), one],
    ["in lines", decodeV1, { instances: [{ b64: "w6Ti\r\ngqw=\n" }, "b"] }, one],
  ];
  for (const [name, decode, body, signature] of table) {
    test(name, () => assert.deepEqual(stringsOf(decode, body, signature), ["ä€", "b"]));
  }

  test("a single one for an input without dimensions", () => {
    assert.deepEqual(stringsOf(decodeV1, { inputs: base64("a") }, scalar), ["a"]);
    assert.deepEqual(stringsOf(decodePredict, { input_data: base64("a") }, scalar), ["a"]);
    assert.deepEqual(stringsOf(decodePredict, { input_data: { s: base64("a") } }, scalar), ["a"]);
  });

  test("an input may be called b64", () => {
    const named: Signature = { inputs: [{ name: "b64", datatype: "BYTES", shape: [-1] }], outputs: [] };
    assert.deepEqual(stringsOf(decodeV1, { instances: [{ b64: "YQ==" }] }, named), ["YQ=="]);
    assert.deepEqual(stringsOf(decodePredict, { input_data: { b64: ["YQ=="] } }, named), ["YQ=="]);
  });

  test("whatever the text is", () => {
    const text = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0") && value.isWellFormed());
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), (texts) => {
        assert.deepEqual(stringsOf(decodeV1, { instances: texts.map(base64) }, one), texts);
      }),
    );
  });
});

describe("what is none is refused, and the message says why", () => {
  const noText = "stands for bytes that are not UTF-8";
  const noBase64 = "is no base64 \\(RFC 4648, section 4\\)";
  const wrong: readonly (readonly [string, string, string])[] = [
    ["of the alphabet for URLs", "a-_b", 'has "-" and "_" in place of "\\+" and "/"'],
    ["other characters", "a.,b", noBase64],
    ["a length that none has", "abcde", noBase64],
    ["wrong padding", "ab=", noBase64],
    ["padding in the middle", "YQ==YQ==", noBase64],
    ["a picture", Buffer.from([0xff, 0xd8]).toString("base64"), noText],
    ["U+0000", Buffer.from("a\0b").toString("base64"), "has U\\+0000"],
  ];
  for (const [name, text, why] of wrong) {
    test(name, () => {
      const told = new RegExp(
        `\\.b64 is "${text.replaceAll("+", "\\+")}"; allowed: base64 of the UTF-8 of a text without U\\+0000, and this ${why}$`,
      );
      const message = String(stringsOf(decodeV1, { instances: ["a", { b64: text }] }, one));
      assert.match(message, /^WrongElement: input "s": instances\[1\]\.b64 is /);
      assert.match(message, told);
      assert.match(String(stringsOf(decodePredict, { input_data: [{ b64: text }] }, one)), told);
    });
  }

  const allowed = /allowed: strings of well-formed Unicode without U\+0000, also as \{"b64": base64 of their UTF-8\}$/;
  for (const [name, value] of [
    ["a number", { b64: 7 }],
    ["a second key", { ...base64("a"), other: 1 }],
    ["another key", { b65: "YQ==" }],
  ] as const) {
    test(name, () => {
      assert.match(String(stringsOf(decodeV1, { inputs: ["a", value] }, one)), allowed);
      assert.match(String(stringsOf(decodePredict, { input_data: [value] }, one)), allowed);
    });
  }

  test("numbers have no such form", () => {
    const numbers: Signature = { inputs: [{ name: "x", datatype: "FP32", shape: [-1] }], outputs: [] };
    assert.match(String(stringsOf(decodeV1, { inputs: [base64("a")] }, numbers)), /^WrongElement/);
    assert.match(String(stringsOf(decodeV1, { instances: [base64("a")] }, numbers)), /^UnknownInput/);
  });

  test("nor has V2, whose binary form is for that", () => {
    const body = { inputs: [{ name: "s", datatype: "BYTES", shape: [1], data: [base64("a")] }] };
    const request = decodeV2(Buffer.from(JSON.stringify(body)), one, undefined);
    assert.ok(isProblem(request) && request.code === "WrongElement");
    assert.doesNotMatch(request.message, /b64/);
  });

  test("broken JSON within is broken JSON", () => {
    assert.match(String(stringsOf(decodeV1, '{"instances":[{"b64":"YQ==",}]}', one)), /^NotJson/);
    assert.match(String(stringsOf(decodeV1, '{"instances":[{"b64":"YQ=="]}', one)), /^NotJson/);
  });
});
