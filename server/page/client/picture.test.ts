import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { elementsJson, type Fit, type Picture, picturePlace, pictureElements, type PictureOptions } from "./picture.ts";

function place(shape: readonly number[], datatype = "FP32"): ReturnType<typeof picturePlace> {
  return picturePlace({ name: "x", datatype, shape });
}

describe("which inputs take a picture", () => {
  const table: readonly (readonly [readonly number[], unknown])[] = [
    [[1, 3, 48, 192], { layout: "NCHW", channels: 3, height: 48, width: 192 }],
    [[-1, 3, -1, -1], { layout: "NCHW", channels: 3, height: undefined, width: undefined }],
    [[-1, 224, 200, 3], { layout: "NHWC", channels: 3, height: 224, width: 200 }],
    [[1, 28, 28, 1], { layout: "NHWC", channels: 1, height: 28, width: 28 }],
    [[1, 1, 28, 28], { layout: "NCHW", channels: 1, height: 28, width: 28 }],
    [[-1, -1, -1, -1], { layout: "NCHW", channels: 3, height: undefined, width: undefined }],
    [[2, 3, 48, 192], undefined],
    [[1, 5, 48, 192], undefined],
    [[3, 48, 192], undefined],
  ];
  for (const [shape, expected] of table) {
    test(`[${shape.join(", ")}]`, () => assert.deepEqual(place(shape), expected));
  }
  test("bytes, but no longer integers", () => {
    assert.ok(place([1, 3, 8, 8], "UINT8"));
    assert.equal(place([1, 3, 8, 8], "INT64"), undefined);
  });
});

/** Two pixels beside each other: red and blue. */
const redBlue: Picture = { width: 2, height: 1, pixels: Uint8Array.of(255, 0, 0, 255, 0, 0, 255, 255) };

function elements(shape: readonly number[], options: Partial<PictureOptions>, picture = redBlue): number[] {
  const found = place(shape);
  assert.ok(found);
  const size = { height: found.height ?? 1, width: found.width ?? 2 };
  return Array.from(
    pictureElements(picture, found, { ...size, range: "0..1", fit: "stretch", isBgr: false, ...options }),
    (value) => Math.round(1000 * value) / 1000,
  );
}

test("planes or pixels, red or blue first", () => {
  assert.deepEqual(elements([1, 3, 1, 2], {}), [1, 0, 0, 0, 0, 1]);
  assert.deepEqual(elements([1, 3, 1, 2], { isBgr: true }), [0, 1, 0, 0, 1, 0]);
  // The second size is no channel count here, so the last one is.
  assert.deepEqual(elements([1, 2, 1, 3], { height: 1, width: 2 }), [1, 0, 0, 0, 0, 1]);
  assert.deepEqual(elements([1, 2, 1, 3], { height: 1, width: 2, isBgr: true }), [0, 0, 1, 1, 0, 0]);
});

test("ranges", () => {
  assert.deepEqual(elements([1, 3, 1, 2], { range: "0..255" }), [255, 0, 0, 0, 0, 255]);
  assert.deepEqual(elements([1, 3, 1, 2], { range: "-1..1" }), [1, -1, -1, -1, -1, 1]);
  const normal = [2.249, -2.118, -2.036, -2.036, -1.804, 2.64];
  assert.deepEqual(elements([1, 3, 1, 2], { range: "ImageNet" }), normal);
  // The mean of a colour stays with it when the order is turned.
  assert.deepEqual(elements([1, 3, 1, 2], { range: "ImageNet", isBgr: true }), [
    ...normal.slice(4),
    ...normal.slice(2, 4),
    ...normal.slice(0, 2),
  ]);
});

test("one channel is grey", () => {
  assert.deepEqual(elements([1, 1, 1, 2], {}), [0.299, 0.114]);
});

describe("a picture that has other proportions than the input", () => {
  const white: Picture = { width: 2, height: 1, pixels: new Uint8Array(8).fill(255) };
  const table: readonly (readonly [Fit, readonly number[], readonly number[]])[] = [
    ["stretch", [2, 3], [1, 1, 1, 1, 1, 1]],
    ["pad", [2, 2], [1, 1, 0, 0]],
    ["pad", [1, 3], [1, 1, 0]],
    ["line", [1, 3], [1, 1, 0]],
    ["line", [2, 2], [1, 1, 1, 1]],
  ];
  for (const [fit, [height = 0, width = 0], expected] of table) {
    test(`${fit}, ${width} x ${height}`, () => {
      assert.deepEqual(elements([1, 1, height, width], { fit }, white), expected);
    });
  }
});

test("a cell is the mean of the pixels under it", () => {
  const picture: Picture = {
    width: 4,
    height: 1,
    pixels: Uint8Array.from([0, 100, 200, 50].flatMap((v) => [v, v, v, 255])),
  };
  assert.deepEqual(elements([1, 1, 1, 2], { range: "0..255" }, picture), [50, 125]);
});

test("floats have six digits, bytes are whole", () => {
  const values = Float32Array.of(0.123456789, 254.6);
  assert.equal(elementsJson(values, "FP32"), "[0.123457,254.6]");
  assert.equal(elementsJson(values, "UINT8"), "[0,255]");
});
