import assert from "node:assert/strict";
import { test } from "node:test";
import { tarOf } from "../../../test/fixtures/oci.ts";
import { isTar } from "./tar-block.ts";

const header = (await tarOf([{ header: { name: "model.onnx" }, content: Buffer.of(1) }])).subarray(0, 512);

test("a tar is told by the checksum of its first header, with a magic or without", () => {
  assert.equal(isTar(header), true);
  const withoutMagic = Buffer.from(header);
  withoutMagic.fill(0, 257, 265);
  assert.equal(isTar(withoutMagic), false, "the sum no longer fits");
  const sum = withoutMagic.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  for (const digits of [`${sum.toString(8).padStart(6, "0")}\0 `, `${sum.toString(8).padStart(6, " ")}\0 `]) {
    withoutMagic.write(digits, 148, "latin1");
    assert.equal(isTar(withoutMagic), true, digits);
  }
});

test("a block cut short, zeros and a wrong sum are none", () => {
  assert.equal(isTar(header.subarray(0, 511)), false);
  assert.equal(isTar(Buffer.alloc(512)), false);
  for (const at of [0, 200, 511]) {
    const damaged = Buffer.from(header);
    damaged[at] = (damaged[at] ?? 0) + 1;
    assert.equal(isTar(damaged), false, `byte ${at}`);
  }
});
