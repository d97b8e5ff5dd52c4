import assert from "node:assert/strict";
import { test } from "node:test";
import { mostElements, pictureTooLarge } from "./body-bound.ts";

const limit = 64 * 1024 * 1024;

test("no request of more elements than the bound fits", () => {
  assert.equal(`[${"0,".repeat(mostElements(100))}0]`.length > 100, true);
  assert.equal(`[${"0,".repeat(mostElements(100) - 2)}0]`.length <= 100, true);
});

const rows = [
  ["a usual picture fits", 224, "FP32", true, undefined],
  ["one of a phone's screen fits", 1536, "FP32", true, undefined],
  [
    "one that is too large names a size that fits",
    4096,
    "FP32",
    true,
    "4096 × 4096 takes about 432 MiB as JSON, and the server takes 64 MiB. Choose a smaller height and width, 1576 × 1576 for example.",
  ],
  ["bytes are shorter", 2048, "UINT8", true, undefined],
  [
    "a size that the model fixes needs another limit",
    4096,
    "UINT8",
    false,
    "4096 × 4096 takes about 192 MiB as JSON, and the server takes 64 MiB. Start the server with a larger SLIPWAY_BODY_LIMIT_BYTES.",
  ],
] as const;
for (const [name, side, datatype, isSizeOpen, expected] of rows) {
  test(name, () => {
    const size = { channels: 3, height: side, width: side };
    assert.equal(pictureTooLarge(size, datatype, limit, isSizeOpen), expected);
  });
}

test("the size that is named fits", () => {
  const size = { channels: 3, height: 1576, width: 1576 };
  assert.equal(pictureTooLarge(size, "FP32", limit, true), undefined);
});
