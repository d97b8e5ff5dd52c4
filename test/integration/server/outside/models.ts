import { type ElementType, onnxModel, type Value } from "../../../fixtures/onnx.ts";

/** One value of any length, given back. */
export function echoModel(elementType: ElementType, dims: readonly (number | string)[] = ["n"]): Uint8Array {
  return onnxModel({
    nodes: [{ operator: "Identity", inputs: ["in"], outputs: ["out"] }],
    inputs: [{ name: "in", elementType, dims }],
    outputs: [{ name: "out", elementType, dims }],
  });
}

/** Sum and difference of two rows of four integers, as Triton's model `simple` has them of sixteen. */
export function simpleModel(): Uint8Array {
  const value = (name: string): Value => ({ name, elementType: "int32", dims: [1, 4] });
  return onnxModel({
    nodes: [
      { operator: "Add", inputs: ["a", "b"], outputs: ["sum"] },
      { operator: "Sub", inputs: ["a", "b"], outputs: ["difference"] },
    ],
    inputs: [value("a"), value("b")],
    outputs: [value("sum"), value("difference")],
  });
}

/** Floats as halves, and as they are. */
export function halvesModel(): Uint8Array {
  return onnxModel({
    nodes: [
      { operator: "Cast", inputs: ["in"], outputs: ["halves"], attributes: { to: 10 } },
      { operator: "Identity", inputs: ["in"], outputs: ["floats"] },
    ],
    inputs: [{ name: "in", elementType: "float32", dims: ["n"] }],
    outputs: [
      { name: "halves", elementType: "float16", dims: ["n"] },
      { name: "floats", elementType: "float32", dims: ["n"] },
    ],
  });
}

/** The sum of all, as MLServer's tests have it. */
export function totalModel(): Uint8Array {
  return onnxModel(
    {
      nodes: [{ operator: "ReduceSum", inputs: ["in"], outputs: ["total"], attributes: { keepdims: 0 } }],
      inputs: [{ name: "in", elementType: "float32", dims: ["n"] }],
      outputs: [{ name: "total", elementType: "float32", dims: [] }],
    },
    { opset: 13 },
  );
}

/** Little-endian bytes of a tensor. */
export function floats(...values: readonly number[]): Buffer<ArrayBuffer> {
  return Buffer.from(Float32Array.from(values).buffer);
}

export function halves(...values: readonly number[]): Buffer<ArrayBuffer> {
  return Buffer.from(Float16Array.from(values).buffer);
}

export function integers(...values: readonly number[]): Buffer<ArrayBuffer> {
  return Buffer.from(Int32Array.from(values).buffer);
}

/** Each with its length before it. */
export function texts(...values: readonly (string | Uint8Array)[]): Buffer<ArrayBuffer> {
  return Buffer.concat(
    values.map((value) => {
      const content = Buffer.from(value as string);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(content.length);
      return Buffer.concat([length, content]);
    }),
  );
}
