import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { encode } from "jpeg-js";
import { decodePicture, scaled } from "./picture.ts";
import { blue, filled, grey, picture, png, red } from "./test-picture.ts";

describe("a picture", () => {
  test("as PNG is exact", () => {
    const { width, height, pixels } = decodePicture(png(picture(2, 1, [red, blue])), "a.png");
    assert.deepEqual([width, height, [...pixels]], [2, 1, [255, 0, 0, 255, 0, 0, 255, 255]]);
  });
  test("as JPEG is nearly so", () => {
    const { data } = encode({ width: 8, height: 8, data: Buffer.from(filled(8, 8, grey).pixels) }, 90);
    const { width, pixels } = decodePicture(data, "a.jpg");
    assert.equal(width, 8);
    assert.ok(Math.abs((pixels[0] ?? 0) - 100) <= 3);
  });
  test("of another kind is named", () => {
    assert.throws(() => decodePicture(Buffer.from("GIF89a......"), "a.gif"), {
      message: "a.gif is a GIF: PNG and JPEG can be sent; convert it first",
    });
    assert.throws(() => decodePicture(Buffer.from("RIFF....WEBP"), "a"), { message: /a WebP/ });
    assert.throws(() => decodePicture(Buffer.alloc(0), "a"), { message: /a is empty/ });
    assert.throws(() => decodePicture(Buffer.from("hello"), "a"), { message: /no picture that is known/ });
  });
  test("that is damaged is named", () => {
    assert.throws(() => decodePicture(png(picture(1, 1, [red])).subarray(0, 40), "a.png"), {
      message: /^a\.png cannot be decoded: /,
    });
  });
  test("that would fill the memory is refused by its head", () => {
    const head = Buffer.from(png(picture(1, 1, [red])));
    head.writeUInt32BE(100_000, 16);
    head.writeUInt32BE(100_000, 20);
    assert.throws(() => decodePicture(head, "a.png"), { message: /more than 100 megapixels/ });
  });
});

describe("scaling", () => {
  test("to the same size changes nothing", () => {
    assert.deepEqual([...scaled(picture(2, 1, [red, blue]), 2, 1)], [...red, ...blue]);
  });
  test("down takes the mean", () => {
    assert.deepEqual([...scaled(picture(2, 2, [red, blue, red, blue]), 1, 1)], [127.5, 0, 127.5]);
    assert.deepEqual([...scaled(picture(1, 2, [red, blue]), 1, 1)], [127.5, 0, 127.5]);
  });
  test("up goes from one to the next", () => {
    const values = [
      ...scaled(
        picture(2, 1, [
          [0, 0, 0],
          [200, 0, 0],
        ]),
        4,
        1,
      ),
    ].filter((_, index) => index % 3 === 0);
    assert.deepEqual(values, [0, 50, 150, 200]);
  });
  test("shows white where a picture is transparent", () => {
    assert.deepEqual([...scaled({ width: 1, height: 1, pixels: Uint8Array.of(0, 0, 0, 0) }, 1, 1)], [255, 255, 255]);
  });
  test("of one colour keeps it, whatever the sizes", () => {
    const size = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(size, size, size, size, (width, height, toWidth, toHeight) => {
        const values = scaled(filled(width, height, grey), toWidth, toHeight);
        assert.equal(values.length, 3 * toWidth * toHeight);
        assert.ok(values.every((value) => Math.abs(value - 100) < 1e-3));
      }),
    );
  });
});
