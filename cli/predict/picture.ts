import { decode as decodeJpeg } from "jpeg-js";
import { PNG } from "pngjs";
import { failed } from "../complaint.ts";

/** Pixels row by row from the top, four bytes each: red, green, blue, opacity. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** A picture of a current camera; beyond it a small file could ask for any amount of memory. */
const mostMegapixels = 100;
const mostDecoderMegabytes = 1024;

/** A PNG or JPEG, told by its first bytes. Throws a complaint that says what it is instead. */
export function decodePicture(bytes: Uint8Array, name: string): Picture {
  const start = Buffer.from(bytes.subarray(0, 12)).toString("latin1");
  try {
    if (start.startsWith("\x89PNG")) return decodePng(bytes, name);
    if (start.startsWith("\xff\xd8\xff")) {
      const { width, height, data } = decodeJpeg(bytes, {
        useTArray: true,
        formatAsRGBA: true,
        maxResolutionInMP: mostMegapixels,
        maxMemoryUsageInMB: mostDecoderMegabytes,
      });
      return { width, height, pixels: data };
    }
  } catch (error) {
    throw failed(`${name} cannot be decoded: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  throw failed(`${name} is ${lookOf(start)}: PNG and JPEG can be sent; convert it first`);
}

function decodePng(bytes: Uint8Array, name: string): Picture {
  // The size stands at a fixed place, so that it is known before anything of that size is made (PNG, "IHDR").
  const head = Buffer.from(bytes.subarray(0, 24));
  if (head.length === 24 && head.readUInt32BE(16) * head.readUInt32BE(20) > mostMegapixels * 1_000_000) {
    throw new Error(`${name} has more than ${mostMegapixels} megapixels`);
  }
  const { width, height, data } = PNG.sync.read(Buffer.from(bytes));
  return { width, height, pixels: data };
}

function lookOf(start: string): string {
  if (start.startsWith("GIF8")) return "a GIF";
  if (start.startsWith("RIFF") && start.endsWith("WEBP")) return "a WebP picture";
  if (start.startsWith("BM")) return "a BMP";
  if (start.startsWith("II*\0") || start.startsWith("MM\0*")) return "a TIFF";
  if (/^....ftyp(avif|heic)/s.test(start)) return "an AVIF or HEIC picture";
  return start === "" ? "empty" : "no picture that is known here";
}

/**
 * The picture at another size: each new pixel is the mean of what lies under it, and between pixels where it grows
 * (area averaging down, linear up). Proportions are not kept. Transparent parts show white, as a page would.
 */
export function scaled(picture: Picture, width: number, height: number): Float32Array {
  const source = opaque(picture);
  const across = resampled(source, picture.width, picture.height, width, { step: 3, line: 3 * picture.width });
  const down = resampled(across, picture.height, width, height, { step: 3 * width, line: 3 });
  return down;
}

/** Three floats a pixel, 0 to 255, on white. */
function opaque({ width, height, pixels }: Picture): Float32Array {
  const result = new Float32Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const opacity = (pixels[4 * pixel + 3] ?? 255) / 255;
    for (let channel = 0; channel < 3; channel += 1) {
      result[3 * pixel + channel] = (pixels[4 * pixel + channel] ?? 0) * opacity + 255 * (1 - opacity);
    }
  }
  return result;
}

/**
 * One direction: every line of `length` pixels becomes one of `wanted`. `step` lies between neighbours of a line,
 * `line` between lines.
 */
function resampled(
  source: Float32Array,
  length: number,
  lines: number,
  wanted: number,
  { step, line }: { readonly step: number; readonly line: number },
): Float32Array {
  // Rows lie one after the other in the result, whichever direction was scaled.
  const isAcross = step === 3;
  const target = { step: isAcross ? 3 : 3 * lines, line: isAcross ? 3 * wanted : 3 };
  const result = new Float32Array(3 * wanted * lines);
  const weights = Array.from({ length: wanted }, (_, index) => weightsOf(index, length, wanted));
  for (let row = 0; row < lines; row += 1) {
    for (const [index, parts] of weights.entries()) {
      for (let channel = 0; channel < 3; channel += 1) {
        let sum = 0;
        for (const [at, weight] of parts) sum += weight * (source[row * line + at * step + channel] ?? 0);
        result[row * target.line + index * target.step + channel] = sum;
      }
    }
  }
  return result;
}

/** Which pixels make up the new one, with shares that come to 1. */
function weightsOf(index: number, length: number, wanted: number): (readonly [at: number, weight: number])[] {
  const ratio = length / wanted;
  if (ratio <= 1) {
    const middle = Math.min(length - 1, Math.max(0, (index + 0.5) * ratio - 0.5));
    const left = Math.floor(middle);
    const share = middle - left;
    return share === 0 ? [[left, 1]] : [[left, 1 - share] as const, [left + 1, share] as const];
  }
  const [start, end] = [index * ratio, (index + 1) * ratio];
  const parts: [number, number][] = [];
  for (let at = Math.floor(start); at < Math.min(length, Math.ceil(end)); at += 1) {
    const overlap = Math.min(end, at + 1) - Math.max(start, at);
    if (overlap > 0) parts.push([at, overlap / ratio]);
  }
  return parts;
}
