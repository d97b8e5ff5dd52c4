import { codecs, type Datatype, type Tensor, type TensorSpec } from "../../server/tensor.ts";
import { failed } from "../complaint.ts";
import { type Picture, scaled } from "./picture.ts";

/** How a picture becomes numbers; what is left out follows from the model's input. */
export interface ImageOptions {
  readonly mean: readonly number[] | undefined;
  readonly std: readonly number[] | undefined;
  readonly layout: Layout | undefined;
  readonly size: readonly [height: number, width: number] | undefined;
  readonly isBgr: boolean;
}

export type Layout = "NCHW" | "NHWC";

/** Where the parts of a picture stand in the input's shape. */
export interface Place {
  readonly layout: Layout;
  /** With the first dimension, that of the batch. */
  readonly isBatch: boolean;
  readonly channels: number;
  /** undefined: the model leaves it open. */
  readonly height: number | undefined;
  readonly width: number | undefined;
}

const floats: readonly Datatype[] = ["FP16", "FP32", "FP64"];
/** Grey, colour, colour with opacity. */
const channelCounts = [1, 3, 4];
/** Open dimensions could be asked to be anything. */
const mostPixels = 64 * 1024 * 1024;

/** The picture as the one input of a model. Throws a complaint when the input takes no picture. */
export function imageTensor(picture: Picture, spec: TensorSpec, options: ImageOptions): Tensor {
  const place = placeOf(spec, options.layout);
  const { layout, isBatch, channels } = place;
  const [height, width] = sizeOf(spec, place, options.size);
  if (!floats.includes(spec.datatype) && (options.mean !== undefined || options.std !== undefined)) {
    throw failed(`the input ${spec.name} is ${spec.datatype} and takes values as they are: leave out --mean and --std`);
  }
  const values = channelValues(scaled(picture, width, height), width * height, channels, options.isBgr);
  const numbers = values.map((plane, channel) => normalised(plane, channel, channels, spec.datatype, options));
  const area = width * height;
  const data = codecs[spec.datatype].allocate(channels * area);
  if (Array.isArray(data)) throw failed(`the input ${spec.name} takes strings, which no picture has`);
  const isLong = data instanceof BigInt64Array || data instanceof BigUint64Array;
  for (let index = 0; index < data.length; index += 1) {
    const [channel, pixel] =
      layout === "NCHW" ? [Math.floor(index / area), index % area] : [index % channels, Math.floor(index / channels)];
    const value = numbers[channel]?.[pixel] ?? 0;
    data[index] = isLong ? BigInt(value) : value;
  }
  const shape = layout === "NCHW" ? [channels, height, width] : [height, width, channels];
  return { name: spec.name, datatype: spec.datatype, shape: isBatch ? [1, ...shape] : shape, data };
}

/** The layout is told by where 1, 3 or 4 channels stand; --layout decides where both would do. */
export function placeOf(spec: TensorSpec, asked: Layout | undefined): Place {
  const isBatch = spec.shape.length === 4;
  const shape = isBatch ? spec.shape.slice(1) : spec.shape;
  if (shape.length !== 3) {
    throw failed(
      `the input ${spec.name} has the shape [${spec.shape.join(", ")}], which no picture has: send values with --json`,
    );
  }
  const [first = 0, , last = 0] = shape;
  const layout = asked ?? (isChannels(first) ? "NCHW" : isChannels(last) ? "NHWC" : undefined);
  if (layout === undefined) {
    throw failed(
      `the shape [${spec.shape.join(", ")}] of the input ${spec.name} does not tell the order: say --layout NCHW or --layout NHWC`,
    );
  }
  const [channels = 0, height = 0, width = 0] =
    layout === "NCHW" ? shape : [shape[2] ?? 0, shape[0] ?? 0, shape[1] ?? 0];
  // Open channels: colour, as most models take.
  const count = channels === -1 ? 3 : channels;
  if (!isChannels(count)) {
    throw failed(`the input ${spec.name} has ${count} channels as ${layout}: pictures have 1, 3 or 4`);
  }
  return { layout, isBatch, channels: count, height: known(height), width: known(width) };
}

function isChannels(size: number): boolean {
  return channelCounts.includes(size);
}

function known(size: number): number | undefined {
  return size === -1 ? undefined : size;
}

function sizeOf(spec: TensorSpec, { height, width }: Place, asked: ImageOptions["size"]): readonly [number, number] {
  const [wantedHeight, wantedWidth] = [asked?.[0] ?? height, asked?.[1] ?? width];
  if (wantedHeight === undefined || wantedWidth === undefined) {
    throw failed(
      `the input ${spec.name} has the shape [${spec.shape.join(", ")}], which leaves the size open: say --size HEIGHTxWIDTH`,
    );
  }
  if ((height ?? wantedHeight) !== wantedHeight || (width ?? wantedWidth) !== wantedWidth) {
    throw failed(
      `--size ${wantedHeight}x${wantedWidth}: the input ${spec.name} takes ${height ?? "any"}x${width ?? "any"} alone`,
    );
  }
  if (wantedHeight * wantedWidth > mostPixels) throw failed(`--size ${wantedHeight}x${wantedWidth} is too large`);
  return [wantedHeight, wantedWidth];
}

/** 0 to 255, a plane for each channel. Grey as television weighs colours (ITU-R BT.601). */
function channelValues(pixels: Float32Array, area: number, channels: number, isBgr: boolean): Float32Array[] {
  const plane = (valueAt: (pixel: number) => number): Float32Array => {
    const values = new Float32Array(area);
    for (let pixel = 0; pixel < area; pixel += 1) values[pixel] = valueAt(pixel);
    return values;
  };
  const colour = (index: number) => plane((pixel) => pixels[3 * pixel + index] ?? 0);
  if (channels === 1) {
    return [
      plane(
        (pixel) =>
          0.299 * (pixels[3 * pixel] ?? 0) +
          0.587 * (pixels[3 * pixel + 1] ?? 0) +
          0.114 * (pixels[3 * pixel + 2] ?? 0),
      ),
    ];
  }
  const planes = isBgr ? [colour(2), colour(1), colour(0)] : [colour(0), colour(1), colour(2)];
  // Whatever was transparent has become white.
  return channels === 4 ? [...planes, plane(() => 255)] : planes;
}

function normalised(
  plane: Float32Array,
  channel: number,
  channels: number,
  datatype: Datatype,
  { mean, std }: ImageOptions,
): number[] {
  if (!floats.includes(datatype)) return Array.from(plane, (value) => Math.round(value));
  const offset = of(mean, channel, channels, "--mean") ?? 0;
  const scale = of(std, channel, channels, "--std") ?? 1;
  // Six digits are finer than the 256 steps of a picture, and half the bytes of all of them.
  return Array.from(plane, (value) => Number(((value / 255 - offset) / scale).toPrecision(6)));
}

function of(
  values: readonly number[] | undefined,
  channel: number,
  channels: number,
  option: string,
): number | undefined {
  if (values === undefined || values.length === 1) return values?.[0];
  if (values.length !== channels)
    throw failed(`${option} has ${values.length} numbers, and the input ${channels} channels`);
  return values[channel];
}
