import { PNG } from "pngjs";

/** Pixels of a picture, row by row from the top, four bytes each: red, green, blue, opacity. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** A request of the Open Inference Protocol v2 (REST) with one picture. */
export interface DirectionRequest {
  readonly inputs: readonly [
    {
      readonly name: "x";
      readonly datatype: "FP32";
      readonly shape: readonly number[];
      readonly data: readonly number[];
    },
  ];
}

export interface Direction {
  /** Degrees that the text is turned by. */
  readonly label: (typeof directionLabels)[number];
  readonly probability: number;
}

/** What the model's two outputs stand for (PaddleOCR, `label_list` of its text-direction classifier). */
export const directionLabels = ["0", "180"] as const;

/** PaddleOCR's input size: text lines are scaled to this height, and to at most this width. */
const height = 48;
const width = 192;

export function readPicture(png: Uint8Array): Picture {
  const { width: columns, height: rows, data } = PNG.sync.read(Buffer.from(png));
  return { width: columns, height: rows, pixels: data };
}

/** The same picture turned by 180 degrees: the pixels in reverse order. */
export function upsideDown(picture: Picture): Picture {
  const count = picture.width * picture.height;
  const pixels = new Uint8Array(picture.pixels.length);
  for (let index = 0; index < count; index += 1) {
    pixels.set(picture.pixels.subarray(4 * index, 4 * index + 4), 4 * (count - 1 - index));
  }
  return { ...picture, pixels };
}

/** One picture as the classifier wants it: see {@link directionTensor}. */
export function directionRequest(picture: Picture): DirectionRequest {
  return {
    inputs: [{ name: "x", datatype: "FP32", shape: [1, 3, height, width], data: [...directionTensor(picture)] }],
  };
}

/** The likelier label. `probabilities` is the model's output for one picture. */
export function directionOf(probabilities: readonly number[]): Direction {
  const [upright, turned] = probabilities;
  if (upright === undefined || turned === undefined || probabilities.length !== directionLabels.length) {
    throw new Error(`The model answered ${probabilities.length} numbers instead of ${directionLabels.length}`);
  }
  return upright >= turned
    ? { label: directionLabels[0], probability: upright }
    : { label: directionLabels[1], probability: turned };
}

/**
 * Scales to 48 pixels of height with the same proportions, or less high where the line would be wider than 192, fills
 * the rest on the right with zeros, and maps 0..255 to -1..1. Planes in the order blue, green, red, as PaddleOCR
 * trained it.
 */
export function directionTensor(picture: Picture): Float32Array {
  const scaledWidth = Math.min(width, Math.ceil((height * picture.width) / picture.height));
  const tensor = new Float32Array(3 * height * width);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < scaledWidth; column += 1) {
      const colour = averageColour(picture, column / scaledWidth, row / height, 1 / scaledWidth, 1 / height);
      for (const [plane, value] of colour.toReversed().entries()) {
        tensor[(plane * height + row) * width + column] = (value / 255 - 0.5) / 0.5;
      }
    }
  }
  return tensor;
}

/** Mean red, green and blue of the pixels under one cell; all arguments in parts of the picture. */
function averageColour(picture: Picture, left: number, top: number, wide: number, high: number): number[] {
  const firstColumn = Math.floor(left * picture.width);
  const firstRow = Math.floor(top * picture.height);
  const endColumn = Math.max(firstColumn + 1, Math.floor((left + wide) * picture.width));
  const endRow = Math.max(firstRow + 1, Math.floor((top + high) * picture.height));
  const sum = [0, 0, 0];
  for (let row = firstRow; row < endRow; row += 1) {
    for (let column = firstColumn; column < endColumn; column += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        sum[channel] = (sum[channel] ?? 0) + (picture.pixels[4 * (row * picture.width + column) + channel] ?? 0);
      }
    }
  }
  return sum.map((value) => value / ((endColumn - firstColumn) * (endRow - firstRow)));
}
