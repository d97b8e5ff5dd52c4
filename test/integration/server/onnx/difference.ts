import { bytesOf, type CaseTensor, valuesOf } from "./case-tensor.ts";

/**
 * The first thing in which two lists of tensors differ, down to the last bit of their elements; undefined when nothing
 * does. With `anyNaN`, which JSON needs, a NaN may be another NaN.
 */
export function differenceOf(
  wanted: readonly CaseTensor[],
  found: readonly CaseTensor[],
  anyNaN: boolean,
): string | undefined {
  if (found.length !== wanted.length) return `${found.length} outputs, where there are ${wanted.length}`;
  for (const [index, tensor] of wanted.entries()) {
    const other = found[index];
    const difference = other === undefined ? "it is missing" : tensorDifference(tensor, other, anyNaN);
    if (difference !== undefined) return `output ${tensor.name}: ${difference}`;
  }
  return undefined;
}

function tensorDifference(wanted: CaseTensor, found: CaseTensor, anyNaN: boolean): string | undefined {
  for (const key of ["name", "datatype"] as const) {
    if (found[key] !== wanted[key]) return `its ${key} is ${found[key]}`;
  }
  if (found.dims.join() !== wanted.dims.join()) return `its shape is [${found.dims.join()}]`;
  if (found.data.length !== wanted.data.length) return `it has ${found.data.length} elements`;
  if (!Array.isArray(found.data) && !Array.isArray(wanted.data)) {
    if (bytesOf(found.data).equals(bytesOf(wanted.data))) return undefined;
  }
  const [values, others] = [valuesOf(wanted), valuesOf(found)];
  const size = Array.isArray(wanted.data) ? 0 : wanted.data.BYTES_PER_ELEMENT;
  for (const [index, value] of values.entries()) {
    const other = others[index];
    if (anyNaN && Number.isNaN(value) && Number.isNaN(other)) continue;
    if (!Object.is(value, other) || (Number.isNaN(value) && !sameBits(wanted, found, index, size))) {
      return `element ${index} is ${text(other)}, where it is ${text(value)}`;
    }
  }
  return undefined;
}

function sameBits(one: CaseTensor, other: CaseTensor, index: number, size: number): boolean {
  if (Array.isArray(one.data) || Array.isArray(other.data)) return false;
  const [start, end] = [index * size, (index + 1) * size];
  return bytesOf(one.data).subarray(start, end).equals(bytesOf(other.data).subarray(start, end));
}

function text(value: unknown): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
