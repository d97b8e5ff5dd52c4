import type { PageTensor } from "./page-model.ts";

/** An input that is ready to be sent. */
export interface RequestTensor {
  readonly shape: readonly number[];
  /** JSON text of an array, flat or nested. As text, so that no digit of a long integer is lost on the way. */
  readonly data: string;
}

/** Why there is nothing to send, for the person at the page. */
export interface Mistake {
  readonly mistake: string;
}

/** Body of the Open Inference Protocol (V2). */
export function requestJson(inputs: readonly (readonly [PageTensor, RequestTensor])[]): string {
  const tensors = inputs.map(
    ([{ name, datatype }, { shape, data }]) =>
      `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(",")}],"data":${data}}`,
  );
  return `{"inputs":[${tensors.join(",")}]}`;
}

const numberLiteral = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** JSON of one typed value. What is no value of the datatype goes as a string: the server says best what it takes. */
export function valueJson(datatype: string, typed: string): string {
  if (datatype === "BYTES") return JSON.stringify(typed);
  const text = typed.trim();
  const isPlain = numberLiteral.test(text) || (datatype === "BOOL" && (text === "true" || text === "false"));
  return isPlain ? text : JSON.stringify(text);
}

/**
 * A tensor typed as JSON. Nested arrays say their shape themselves; a flat one of a tensor with more dimensions has the
 * shape `sizes`.
 */
export function typedTensor(typed: string, sizes: readonly number[]): RequestTensor | Mistake {
  const text = typed.trim();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { mistake: `This is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0] as unknown) shape.push(level.length);
  if (shape.length === 0) return { shape: sizes.length === 0 ? [] : sizes, data: `[${text}]` };
  return { shape: shape.length === 1 && sizes.length > 1 ? sizes : shape, data: text };
}

/** Nested JSON text of flat elements, for people to edit: one row of the last dimension on a line. */
export function nestedText(elements: readonly string[], shape: readonly number[]): string {
  if (shape.length === 0) return elements[0] ?? "";
  const write = (depth: number, start: number, size: number): string => {
    const count = shape[depth] ?? 0;
    const step = count === 0 ? 0 : size / count;
    if (depth === shape.length - 1) return `[${elements.slice(start, start + size).join(", ")}]`;
    const parts = Array.from({ length: count }, (_, index) => write(depth + 1, start + index * step, step));
    return `[${parts.join(`,\n${" ".repeat(depth + 1)}`)}]`;
  };
  return write(0, 0, elementCount(shape));
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}
