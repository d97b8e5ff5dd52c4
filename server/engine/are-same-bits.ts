import type { Tensor, TensorData } from "../tensor.ts";

/** Tensors that no client can tell apart: names, datatypes, shapes and every bit of their elements. */
export function areSameBits(ones: readonly Tensor[], others: readonly Tensor[]): boolean {
  return ones.length === others.length && ones.every((one, index) => isSame(one, others[index]));
}

function isSame(one: Tensor, other: Tensor | undefined): boolean {
  return (
    other !== undefined &&
    one.name === other.name &&
    one.datatype === other.datatype &&
    one.shape.length === other.shape.length &&
    one.shape.every((size, index) => size === other.shape[index]) &&
    haveSameBits(one.data, other.data)
  );
}

function haveSameBits(data: TensorData, other: TensorData): boolean {
  if (Array.isArray(data) || Array.isArray(other)) {
    return Array.isArray(data) && Array.isArray(other) && data.every((text, index) => text === other[index]);
  }
  return bytesOf(data).equals(bytesOf(other));
}

function bytesOf({ buffer, byteOffset, byteLength }: Exclude<TensorData, readonly unknown[]>): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
