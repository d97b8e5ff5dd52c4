import assert from "node:assert/strict";
import { test } from "node:test";
import { codecs, type Datatype } from "../../tensor.ts";
import { alignedNumbers, bytesToAlignment, tensorAlignment } from "./aligned-numbers.ts";

const datatypes = Object.keys(codecs).filter((datatype) => datatype !== "BYTES") as Exclude<Datatype, "BYTES">[];

test("numbers of every datatype begin at a multiple of 16 and are the same, wherever they lay", () => {
  for (const datatype of datatypes) {
    for (const length of [0, 16, 48, 64 * 1024]) {
      for (let skew = 0; skew < 2 * tensorAlignment; skew++) {
        const whole = new Uint8Array(skew + length).map((_, index) => index * 7);
        const bytes = whole.subarray(skew);
        const data = alignedNumbers(datatype, bytes);
        assert.ok(!Array.isArray(data));
        assert.equal(data.byteOffset % tensorAlignment, 0, `${datatype}, ${length} bytes at ${skew}`);
        assert.ok(Buffer.from(data.buffer, data.byteOffset, data.byteLength).equals(bytes), `${datatype} at ${skew}`);
        assert.equal(data.buffer === whole.buffer, skew % tensorAlignment === 0, `copied only where it must, ${skew}`);
      }
    }
  }
});

test("the way to the next multiple of 16", () => {
  assert.deepEqual([0, 1, 8, 15, 16, 17].map(bytesToAlignment), [0, 15, 8, 1, 0, 15]);
});
