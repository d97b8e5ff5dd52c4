import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Datatype, TensorData, TensorSpec } from "../../server/tensor.ts";
import { type ImageOptions, imageTensor, placeOf } from "./image-tensor.ts";
import { blue, picture, red } from "./test-picture.ts";

function spec(shape: readonly number[], datatype: Datatype = "FP32"): TensorSpec {
  return { name: "x", datatype, shape };
}

function numbersOf(data: TensorData): number[] {
  return Array.from<number | bigint | string>(data).map(Number);
}

describe("the tensor of a picture", () => {
  const none: ImageOptions = { mean: undefined, std: undefined, layout: undefined, size: undefined, isBgr: false };
  const two = picture(2, 1, [red, blue]);

  test("has its planes one after the other, or its pixels", () => {
    assert.deepEqual(imageTensor(two, spec([1, 3, 1, 2]), none), {
      name: "x",
      datatype: "FP32",
      shape: [1, 3, 1, 2],
      data: Float32Array.of(1, 0, 0, 0, 0, 1),
    });
    const long = imageTensor(two, spec([3, 1, 2], "INT64"), none);
    assert.deepEqual(long.data, BigInt64Array.of(255n, 0n, 0n, 0n, 0n, 255n));
    assert.deepEqual(
      numbersOf(imageTensor(two, spec([-1, 1, 2, 3]), { ...none, layout: "NHWC" }).data),
      [1, 0, 0, 0, 0, 1],
    );
    assert.deepEqual(imageTensor(two, spec([-1, 5, 2, 3]), none).shape, [1, 5, 2, 3]);
  });
  test("has blue first where that is asked for", () => {
    assert.deepEqual(
      numbersOf(imageTensor(two, spec([1, 3, 1, 2]), { ...none, isBgr: true }).data),
      [0, 1, 0, 0, 1, 0],
    );
  });
  test("is normalised by channel", () => {
    const { data } = imageTensor(two, spec([3, 1, 2]), { ...none, mean: [0.5], std: [0.5, 0.25, 1] });
    assert.deepEqual(numbersOf(data), [1, -1, -2, -2, -0.5, 0.5]);
  });
  test("of whole numbers has 0 to 255", () => {
    assert.deepEqual(numbersOf(imageTensor(two, spec([3, 1, 2], "UINT8"), none).data), [255, 0, 0, 0, 0, 255]);
    assert.throws(() => imageTensor(two, spec([3, 1, 2], "UINT8"), { ...none, mean: [1] }), {
      message: /leave out --mean and --std/,
    });
  });
  test("may be grey, or have an opacity", () => {
    assert.deepEqual(numbersOf(imageTensor(two, spec([1, 1, 2], "UINT8"), none).data), [76, 29]);
    assert.deepEqual(
      numbersOf(imageTensor(two, spec([4, 1, 2], "UINT8"), none).data),
      [255, 0, 0, 0, 0, 255, 255, 255],
    );
  });
  test("of an open size needs one to be said", () => {
    assert.throws(() => imageTensor(two, spec([-1, 3, -1, -1]), none), {
      message: /leaves the size open: say --size HEIGHTxWIDTH/,
    });
    assert.deepEqual(
      imageTensor(two, spec([-1, -1, -1, -1]), { ...none, layout: "NCHW", size: [4, 6] }).shape,
      [1, 3, 4, 6],
    );
    assert.throws(() => imageTensor(two, spec([-1, 3, 5, -1]), { ...none, size: [4, 6] }), {
      message: "--size 4x6: the input x takes 5xany alone",
    });
  });
  test("is none where the input takes no picture", () => {
    assert.throws(() => imageTensor(two, spec([3, 1, 2], "BYTES"), none), { message: /x takes strings/ });
    assert.throws(() => imageTensor(two, spec([1, 4]), none), {
      message: /which no picture has: send values with --json/,
    });
    assert.throws(() => placeOf(spec([1, 7, 7, 7]), undefined), { message: /does not tell the order: say --layout/ });
    assert.throws(() => placeOf(spec([1, 7, 7, 7]), "NCHW"), { message: /has 7 channels as NCHW/ });
    assert.throws(() => imageTensor(two, spec([3, 1, 2]), { ...none, mean: [1, 2] }), {
      message: "--mean has 2 numbers, and the input 3 channels",
    });
  });
});
