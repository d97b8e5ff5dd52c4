import { randomBytes } from "node:crypto";
import { onnxModel } from "../../fixtures/onnx.ts";

/** `y = x + w`, with random weights of about so many bytes inside: no two are alike, and nothing compresses. */
export function paddedModel(bytes: number): Buffer {
  const length = Math.ceil(bytes / 4);
  return Buffer.from(addition(length, { raw: randomBytes(length * 4) }));
}

const externalBytes = 64 * 1024;

/** The files of a model that keeps its weights in `location`, as its own folder is to hold them. */
export function externalDataModel(location = "data/weights.bin"): Record<string, Buffer> {
  const weights = randomBytes(externalBytes);
  const model = Buffer.from(addition(externalBytes / 4, { external: { location, length: externalBytes } }));
  return { "model.onnx": model, [location]: weights };
}

function addition(
  length: number,
  weights: { readonly raw: Uint8Array } | { readonly external: { readonly location: string; readonly length: number } },
): Uint8Array {
  const value = { elementType: "float32", dims: [length] } as const;
  return onnxModel({
    nodes: [{ operator: "Add", inputs: ["x", "w"], outputs: ["y"] }],
    inputs: [{ name: "x", ...value }],
    outputs: [{ name: "y", ...value }],
    initializers: [{ name: "w", ...value, ...weights }],
  });
}
