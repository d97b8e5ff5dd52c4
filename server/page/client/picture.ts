import type { PageTensor } from "./page-model.ts";

/** Pixels row by row from the top, four bytes each: red, green, blue, opacity. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray | Uint8Array;
}

export type Layout = "NCHW" | "NHWC";

/** Where the parts of a picture stand in the shape of an input; undefined sizes are for the person to choose. */
export interface PicturePlace {
  readonly layout: Layout;
  readonly channels: 1 | 3;
  readonly height: number | undefined;
  readonly width: number | undefined;
}

export const ranges = ["0..1", "-1..1", "ImageNet", "0..255"] as const;
export type Range = (typeof ranges)[number];

/** `line`: the full height, and only as wide as it gets then; what is wider than the input is squeezed into it. */
export const fits = ["stretch", "pad", "line"] as const;
export type Fit = (typeof fits)[number];

export interface PictureOptions {
  readonly height: number;
  readonly width: number;
  readonly range: Range;
  readonly fit: Fit;
  readonly isBgr: boolean;
}

/** Mean and standard deviation of ImageNet's colours: red, green, blue, as torchvision's models were trained with. */
const imageNet = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] } as const;

/** Whether an input takes a picture: four dimensions of floats or bytes, with one or three channels at either place. */
export function picturePlace({ datatype, shape }: PageTensor): PicturePlace | undefined {
  const [batch, second = 0, third = 0, fourth = 0] = shape;
  const isPossible = (datatype.startsWith("FP") || datatype === "UINT8") && shape.length === 4;
  if (!isPossible || (batch !== 1 && batch !== -1)) return undefined;
  if (second === 1 || second === 3)
    return { layout: "NCHW", channels: second, height: known(third), width: known(fourth) };
  if (fourth === 1 || fourth === 3)
    return { layout: "NHWC", channels: fourth, height: known(second), width: known(third) };
  return second === -1 ? { layout: "NCHW", channels: 3, height: known(third), width: known(fourth) } : undefined;
}

function known(size: number): number | undefined {
  return size === -1 ? undefined : size;
}

/** Elements of the input in its order; what the picture does not cover, at the right and below, is 0. */
export function pictureElements(picture: Picture, place: PicturePlace, options: PictureOptions): Float32Array {
  const { height, width, isBgr } = options;
  const { layout, channels } = place;
  const elements = new Float32Array(channels * height * width);
  const covered = coveredSize(picture, options);
  for (let row = 0; row < covered.height; row += 1) {
    for (let column = 0; column < covered.width; column += 1) {
      const colour = meanColour(picture, column / covered.width, row / covered.height, covered);
      const values = channels === 1 ? [grey(colour)] : isBgr ? colour.toReversed() : colour;
      for (let channel = 0; channel < channels; channel += 1) {
        const index =
          layout === "NCHW" ? (channel * height + row) * width + column : (row * width + column) * channels + channel;
        elements[index] = inRange(values[channel] ?? 0, options.range, isBgr ? channels - 1 - channel : channel);
      }
    }
  }
  return elements;
}

export function elementsJson(elements: Float32Array, datatype: string): string {
  if (datatype === "UINT8") return `[${Array.from(elements, Math.round).join(",")}]`;
  // Six digits are finer than the 256 steps of a picture.
  return `[${Array.from(elements, (value) => Number(value.toPrecision(6))).join(",")}]`;
}

function coveredSize(picture: Picture, { height, width, fit }: PictureOptions): Size {
  if (fit === "stretch") return { height, width };
  if (fit === "line") return { height, width: Math.min(width, Math.ceil((height * picture.width) / picture.height)) };
  const scale = Math.min(height / picture.height, width / picture.width);
  return {
    height: Math.max(1, Math.min(height, Math.round(picture.height * scale))),
    width: Math.max(1, Math.min(width, Math.round(picture.width * scale))),
  };
}

interface Size {
  readonly height: number;
  readonly width: number;
}

/** Mean red, green and blue, 0 to 255, under one cell of `size`; `left` and `top` in parts of the picture. */
function meanColour({ width, height, pixels }: Picture, left: number, top: number, size: Size): number[] {
  const firstColumn = Math.floor(left * width);
  const firstRow = Math.floor(top * height);
  const endColumn = Math.max(firstColumn + 1, Math.floor((left + 1 / size.width) * width));
  const endRow = Math.max(firstRow + 1, Math.floor((top + 1 / size.height) * height));
  let [red, green, blue] = [0, 0, 0];
  for (let row = firstRow; row < endRow; row += 1) {
    for (let column = firstColumn; column < endColumn; column += 1) {
      const start = 4 * (row * width + column);
      red += pixels[start] ?? 0;
      green += pixels[start + 1] ?? 0;
      blue += pixels[start + 2] ?? 0;
    }
  }
  const count = (endColumn - firstColumn) * (endRow - firstRow);
  return [red / count, green / count, blue / count];
}

/** As television weighs colours (ITU-R BT.601). */
function grey([red = 0, green = 0, blue = 0]: readonly number[]): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/** `colour`: 0 red, 1 green, 2 blue. */
function inRange(value: number, range: Range, colour: number): number {
  switch (range) {
    case "0..255":
      return value;
    case "0..1":
      return value / 255;
    case "-1..1":
      return value / 127.5 - 1;
    case "ImageNet":
      return (value / 255 - (imageNet.mean[colour] ?? 0)) / (imageNet.deviation[colour] ?? 1);
  }
}
