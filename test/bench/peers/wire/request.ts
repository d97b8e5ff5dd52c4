import type { Input, Model } from "../model.ts";
import { encodeInferRequest, frame } from "./grpc-message.ts";

/** What a column of the table is called, and `--protocols` names. */
export const protocols = ["json", "binary", "grpc"] as const;
export type Protocol = (typeof protocols)[number];

/**
 * How a peer speaks a protocol. `v2-*`: the Open Inference Protocol v2, as JSON, with the binary tensor extension, or by
 * gRPC with raw contents. `own-json`: nested lists by input name to /predict, within `key` when there is one.
 */
export type Dialect =
  | { readonly kind: "v2-json" | "v2-binary" | "v2-grpc" }
  | { readonly kind: "own-json"; readonly key?: string };

/** One request as bytes; a POST. */
export interface WireRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Bytes of the JSON part of a body with binary tensors (binary tensor data extension of the v2 protocol). */
export const jsonLengthHeader = "inference-header-content-length";

export function requestOf({ name, inputs }: Model, dialect: Dialect): WireRequest {
  const path = `/v2/models/${name}/infer`;
  switch (dialect.kind) {
    case "v2-json":
      return { path, headers: jsonHeaders, body: jsonBody({ inputs: inputs.map(jsonInput) }) };
    case "v2-binary":
      return { path, ...binaryBody(inputs) };
    case "v2-grpc":
      return { path: grpcPath, headers: grpcHeaders, body: frame(encodeInferRequest(name, inputs)) };
    case "own-json": {
      const lists = Object.fromEntries(inputs.map((input) => [input.name, nested(numbers(input), input.shape)]));
      const content = dialect.key === undefined ? lists : { [dialect.key]: lists };
      return { path: "/predict", headers: jsonHeaders, body: jsonBody(content) };
    }
  }
}

const jsonHeaders = { "content-type": "application/json" };
const grpcPath = "/inference.GRPCInferenceService/ModelInfer";
const grpcHeaders = { "content-type": "application/grpc", te: "trailers" };

function jsonBody(content: object): Uint8Array {
  return Buffer.from(JSON.stringify(content));
}

function jsonInput(input: Input): object {
  const { name, datatype, shape } = input;
  return { name, datatype, shape, data: numbers(input) };
}

/** INT64 as numbers: those of the models are small. */
function numbers({ data }: Input): readonly number[] {
  return Array.from<number | bigint, number>(data, Number);
}

function binaryBody(inputs: readonly Input[]): Omit<WireRequest, "path"> {
  const tensors = inputs.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const heads = inputs.map(({ name, datatype, shape, data }) => ({
    name,
    datatype,
    shape,
    parameters: { binary_data_size: data.byteLength },
  }));
  const json = jsonBody({ inputs: heads, parameters: { binary_data_output: true } });
  const headers = { "content-type": "application/octet-stream", [jsonLengthHeader]: String(json.byteLength) };
  return { headers, body: Buffer.concat([json, ...tensors]) };
}

/** Lists in lists, as the shape says; a scalar is a number alone. */
function nested(flat: readonly number[], shape: readonly number[]): unknown {
  const [first, ...rest] = shape;
  if (first === undefined) return flat[0];
  const size = flat.length / first;
  return Array.from({ length: first }, (_, index) => nested(flat.slice(index * size, (index + 1) * size), rest));
}
