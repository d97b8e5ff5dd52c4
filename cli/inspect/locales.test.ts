import assert from "node:assert/strict";
import { test } from "node:test";
import { readModel } from "../../server/fetch/onnx/read-model.ts";
import { localesModel } from "./locales.ts";

test("the model that asks for locales is one that asks for these, be their names longer than a byte can count", () => {
  const locales = new Set(["en_US.UTF-8", "", "Ä".repeat(200), ..."abcdefgh"]);
  const bytes = localesModel(locales);
  const model = readModel({
    size: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  });
  assert.deepEqual(model.locales, locales);
  assert.deepEqual(model.inputs, [{ name: "input", type: "STRING", dims: ["n"] }]);
  assert.equal(model.outputs.length, locales.size);
});
