import { PNG } from "pngjs";
import type { Picture } from "./picture.ts";

export type Colour = readonly [red: number, green: number, blue: number];

export const red: Colour = [255, 0, 0];
export const blue: Colour = [0, 0, 255];
export const grey: Colour = [100, 100, 100];

/** Opaque pixels. For tests. */
export function picture(width: number, height: number, colours: readonly Colour[]): Picture {
  return { width, height, pixels: Uint8Array.from(colours.flatMap((colour) => [...colour, 255])) };
}

export function filled(width: number, height: number, colour: Colour): Picture {
  return picture(
    width,
    height,
    Array.from({ length: width * height }, () => colour),
  );
}

export function png({ width, height, pixels }: Picture): Buffer {
  const image = new PNG({ width, height });
  image.data = Buffer.from(pixels);
  return PNG.sync.write(image);
}
