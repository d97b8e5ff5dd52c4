import type { Datatype } from "../../tensor.ts";

/** A JSON Schema (2020-12), as OpenAPI 3.1 has it. */
export type Schema = Readonly<Record<string, unknown>>;

/** One element of a tensor in JSON. 64-bit bounds are no doubles, so they are left to `format`. */
export const elementSchemas: Readonly<Record<Datatype, Schema>> = {
  BOOL: { type: "boolean" },
  UINT8: { type: "integer", minimum: 0, maximum: 255 },
  UINT16: { type: "integer", minimum: 0, maximum: 65_535 },
  UINT32: { type: "integer", minimum: 0, maximum: 4_294_967_295 },
  UINT64: { type: "integer", format: "uint64", minimum: 0 },
  INT8: { type: "integer", minimum: -128, maximum: 127 },
  INT16: { type: "integer", minimum: -32_768, maximum: 32_767 },
  INT32: { type: "integer", format: "int32" },
  INT64: { type: "integer", format: "int64" },
  FP16: floats("float"),
  FP32: floats("float"),
  FP64: floats("double"),
  BYTES: { type: "string" },
};

/** Two types rather than `anyOf`: generated clients get a number or a text, and no class for each element. */
function floats(format: string): Schema {
  return { type: ["number", "string"], format, pattern: "^(NaN|-?Infinity)$" };
}

/** What the warm-up runs on, and what every datatype has. */
export function zeroOf(datatype: Datatype): boolean | number | string {
  if (datatype === "BYTES") return "";
  return datatype === "BOOL" ? false : 0;
}
