import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isProblem } from "../../errors.ts";
import { decodeV2 } from "../../protocol/v2/decode-v2.ts";
import type { Datatype } from "../../tensor.ts";
import { elementCount, nestedText, requestJson, typedTensor, valueJson } from "./request.ts";
import { sampleElements, sampleKinds } from "./sample.ts";

describe("a typed value becomes JSON", () => {
  const table: readonly (readonly [string, string, string])[] = [
    ["FP32", " 1.5e-3 ", "1.5e-3"],
    ["FP32", "", '""'],
    ["FP32", "NaN", '"NaN"'],
    ["FP32", "1,5", '"1,5"'],
    ["INT64", "9223372036854775807", "9223372036854775807"],
    ["INT64", "007", '"007"'],
    ["BOOL", "true", "true"],
    ["FP32", "true", '"true"'],
    ["BYTES", ' "quoted" ', '" \\"quoted\\" "'],
  ];
  for (const [datatype, typed, json] of table) {
    test(`${datatype} ${JSON.stringify(typed)}`, () => assert.equal(valueJson(datatype, typed), json));
  }
});

test("a typed value is always JSON, whatever is typed", () => {
  fc.assert(
    fc.property(fc.constantFrom("FP32", "INT64", "BOOL", "BYTES"), fc.string(), (datatype, typed) => {
      JSON.parse(valueJson(datatype, typed));
    }),
  );
});

describe("a typed tensor says its shape", () => {
  const table: readonly (readonly [string, readonly number[], readonly number[], string])[] = [
    ["[[1, 2], [3, 4]]", [1, 2], [2, 2], "[[1, 2], [3, 4]]"],
    ["[1, 2, 3, 4]", [2, 2], [2, 2], "[1, 2, 3, 4]"],
    ["[1, 2, 3]", [1], [3], "[1, 2, 3]"],
    ["7", [], [], "[7]"],
    ["7", [1, 1], [1, 1], "[7]"],
    [" [18446744073709551615]\n", [1], [1], "[18446744073709551615]"],
    ["[]", [0], [0], "[]"],
  ];
  for (const [typed, sizes, shape, data] of table) {
    test(`${JSON.stringify(typed)} of sizes ${sizes.join("x")}`, () => {
      assert.deepEqual(typedTensor(typed, sizes), { shape, data });
    });
  }
  test("what is not JSON", () => {
    const read = typedTensor("[1, 2", [2]);
    assert.ok("mistake" in read);
    assert.match(read.mistake, /not JSON/);
  });
});

test("generated data of every datatype, flat or as nested text, is what the server takes", () => {
  const datatypes: readonly Datatype[] = [
    "BOOL",
    "UINT8",
    "UINT16",
    "UINT32",
    "UINT64",
    "INT8",
    "INT16",
    "INT32",
    "INT64",
    "FP16",
    "FP32",
    "FP64",
    "BYTES",
  ];
  const shape = fc.array(fc.nat({ max: 3 }), { maxLength: 4 });
  fc.assert(
    fc.property(
      fc.constantFrom(...datatypes),
      shape,
      fc.constantFrom(...sampleKinds),
      fc.nat(),
      (datatype, sizes, kind, seed) => {
        const spec = { name: 'a "name"', datatype, shape: sizes };
        const elements = sampleElements(datatype, elementCount(sizes), kind, seed);
        const flat = { shape: sizes, data: `[${elements.join(",")}]` };
        const nested = typedTensor(nestedText(elements, sizes), sizes);
        assert.ok(!("mistake" in nested));
        // Nested arrays cannot tell the sizes behind an empty dimension.
        for (const tensor of elements.length === 0 ? [flat] : [flat, nested]) {
          const body = new TextEncoder().encode(requestJson([[spec, tensor]]));
          const request = decodeV2(body, { inputs: [spec], outputs: [] }, undefined);
          assert.ok(!isProblem(request), isProblem(request) ? request.message : "");
          assert.deepEqual(request.inputs[0]?.shape, sizes);
        }
      },
    ),
  );
});

test("random data differs by seed and is the same for the same", () => {
  assert.equal(draw(1), draw(1));
  assert.equal(new Set([0, 1, 2, 3].map(draw)).size, 4);
  assert.ok(new Set(sampleElements("FP32", 50, "random", 0)).size > 40);
});

function draw(seed: number): string {
  return sampleElements("FP32", 50, "random", seed).join();
}
