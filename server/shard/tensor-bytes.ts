import type { Tensor } from "../tensor.ts";

/** What a string takes beside its characters, with its place in an array. */
const stringBytes = 32;
/** At the most. */
const characterBytes = 2;

/** Bytes that tensors hold in memory, strings by the most that they can take. */
export function tensorBytes(tensors: readonly Tensor[]): number {
  return tensors.reduce((total, { data }) => total + (Array.isArray(data) ? textBytes(data) : data.byteLength), 0);
}

function textBytes(strings: readonly string[]): number {
  return strings.reduce((total, text) => total + characterBytes * text.length + stringBytes, 0);
}
