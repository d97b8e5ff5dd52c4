/// <reference lib="esnext.float16" />
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isProblem } from "../../errors.ts";
import { codecs, type Datatype, type Tensor } from "../../tensor.ts";
import { binaryOf, readBinary } from "./binary-tensor.ts";

test("a tensor in binary form and back is the same", () => {
  const numbers = Object.keys(codecs).filter((datatype) => datatype !== "BYTES" && datatype !== "BOOL") as Datatype[];
  fc.assert(
    fc.property(
      fc.constantFrom(...numbers),
      fc.uint8Array({ minLength: 8, maxLength: 64 }),
      fc.nat({ max: 7 }),
      (datatype, bytes, skew) => {
        const { elementBytes } = codecs[datatype];
        const count = Math.floor(bytes.length / elementBytes);
        const sent = new Uint8Array(skew + count * elementBytes);
        sent.set(bytes.subarray(0, count * elementBytes), skew);
        const data = readBinary({ name: "x", datatype, shape: [-1] }, [count], sent.subarray(skew));
        assert.ok(!isProblem(data));
        const again = binaryOf({ name: "x", datatype, shape: [count], data });
        assert.ok(Buffer.from(again).equals(sent.subarray(skew)));
      },
    ),
  );
  const texts = fc.array(fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")));
  fc.assert(
    fc.property(texts, (data) => {
      const tensor: Tensor = { name: "x", datatype: "BYTES", shape: [data.length], data };
      assert.deepEqual(readBinary(tensor, tensor.shape, binaryOf(tensor)), data);
    }),
  );
});
