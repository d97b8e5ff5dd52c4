import { pictureTooLarge } from "../body-bound.ts";
import type { PageInput } from "../page-model.ts";
import {
  elementsJson,
  type Fit,
  fits,
  type Picture,
  type PicturePlace,
  pictureElements,
  type Range,
  ranges,
} from "../picture.ts";
import type { Mistake, RequestTensor } from "../request.ts";
import { choice, element, labelled } from "./element.ts";

export interface Editor {
  readonly node: HTMLElement;
  readonly read: () => RequestTensor | Mistake;
}

/** Larger pictures are scaled down to this length first: a photograph of a phone is four times as long. */
const longestSide = 2048;
/** Of inputs that leave their size open. */
const usualSize = 224;
const mostSize = 4096;

const fitTexts: Readonly<Record<Fit, string>> = {
  stretch: "stretch",
  pad: "keep proportions, rest 0",
  line: "line of text, rest 0",
};
const rangeTexts: Readonly<Record<Range, string>> = {
  "0..1": "0 to 1",
  "-1..1": "-1 to 1",
  ImageNet: "ImageNet",
  "0..255": "0 to 255",
};

/** Takes a picture that is chosen or dropped, and makes the values of an input of it. */
export function pictureEditor(input: PageInput, place: PicturePlace, bodyLimitBytes: number): Editor {
  let picture: Picture | undefined;
  let mistake = "Choose a picture, or drop one here.";

  const file = element("input", {
    type: "file",
    accept: "image/*",
    class: "unseen",
    "aria-label": `Picture for ${input.name}`,
  });
  const hint = element("span", { class: "hint" }, "Drop a picture here, or choose one");
  const canvas = element("canvas", { hidden: true });
  const zone = element("label", { class: "drop" }, file, canvas, hint);

  const height = sizeField(place.height, input.sampleShape[place.layout === "NCHW" ? 2 : 1]);
  const width = sizeField(place.width, input.sampleShape[place.layout === "NCHW" ? 3 : 2]);
  const range = choice(ranges.map((value) => [value, rangeTexts[value]] as const));
  const fit = choice(fits.map((value) => [value, fitTexts[value]] as const));
  const order = choice([
    ["rgb", "red, green, blue"],
    ["bgr", "blue, green, red"],
  ]);

  const take = async (chosen: File): Promise<void> => {
    try {
      picture = await readPicture(chosen, canvas);
      canvas.hidden = false;
      hint.textContent = `${chosen.name}, ${picture.width} × ${picture.height}`;
    } catch {
      picture = undefined;
      canvas.hidden = true;
      mistake = `${chosen.name} is no picture that this browser can read.`;
      hint.textContent = mistake;
    }
    zone.dataset["state"] = picture === undefined ? "bad" : "read";
  };
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    if (chosen !== undefined) void take(chosen);
  });
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const dropped = event.dataTransfer?.files[0];
    if (dropped !== undefined) void take(dropped);
  });

  const options = element("div", { class: "fields" });
  if (place.height === undefined) options.append(labelled("Height", height));
  if (place.width === undefined) options.append(labelled("Width", width));
  const isBytes = input.datatype === "UINT8";
  if (!isBytes) options.append(labelled("Values", range));
  options.append(labelled("Fit", fit));
  if (place.channels === 3) options.append(labelled("Colours", order));

  return {
    node: element("div", {}, zone, options),
    read() {
      if (picture === undefined) return { mistake };
      const size = { height: place.height ?? Number(height.value), width: place.width ?? Number(width.value) };
      if (!isSize(size.height) || !isSize(size.width))
        return { mistake: `Height and width are from 1 to ${mostSize}.` };
      const isSizeOpen = place.height === undefined || place.width === undefined;
      const sized = { ...size, channels: place.channels };
      const excess = pictureTooLarge(sized, input.datatype, bodyLimitBytes, isSizeOpen);
      if (excess !== undefined) return { mistake: `${input.name}: ${excess}` };
      const elements = pictureElements(picture, place, {
        ...size,
        range: isBytes ? "0..255" : (range.value as Range),
        fit: fit.value as Fit,
        isBgr: place.channels === 3 && order.value === "bgr",
      });
      const parts = [size.height, size.width];
      const shape = place.layout === "NCHW" ? [1, place.channels, ...parts] : [1, ...parts, place.channels];
      return { shape, data: elementsJson(elements, input.datatype) };
    },
  };
}

function sizeField(known: number | undefined, sample = 1): HTMLInputElement {
  // A model that leaves its size open is warmed up with 1, which no picture is.
  const value = known ?? (sample > 1 ? sample : usualSize);
  return element("input", { type: "number", min: 1, max: mostSize, step: 1, value, required: true });
}

function isSize(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= mostSize;
}

/** Upright as its file says, on white where it is transparent; shown on `canvas`. */
async function readPicture(file: File, canvas: HTMLCanvasElement): Promise<Picture> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, longestSide / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("the browser gave no canvas");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const { width, height, data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return { width, height, pixels: data };
}
