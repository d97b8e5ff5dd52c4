import { onnxModel } from "../../../fixtures/onnx.ts";
import { frame, inference, inferPath } from "../grpc/client.ts";
import type { Random } from "./random.ts";

/** A request of either protocol, whole. */
export interface FuzzRequest {
  readonly protocol: "http" | "grpc";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A request that is right, and how its answer is known to be. */
export interface GoodRequest extends FuzzRequest {
  readonly isRight: (body: Buffer) => boolean;
}

/** Gives back what goes in: floats, 64-bit integers and strings, a row of each. */
export const fuzzModel = onnxModel({
  nodes: [
    { operator: "Identity", inputs: ["x"], outputs: ["x_out"] },
    { operator: "Identity", inputs: ["m"], outputs: ["m_out"] },
    { operator: "Identity", inputs: ["s"], outputs: ["s_out"] },
  ],
  inputs: [
    { name: "x", elementType: "float32", dims: ["n", 2] },
    { name: "m", elementType: "int64", dims: ["n"] },
    { name: "s", elementType: "string", dims: ["n"] },
  ],
  outputs: [
    { name: "x_out", elementType: "float32", dims: ["n", 2] },
    { name: "m_out", elementType: "int64", dims: ["n"] },
    { name: "s_out", elementType: "string", dims: ["n"] },
  ],
});

/** What a tensor's values are said to have for a shape, wrongly. */
const wrongShapes: readonly [readonly number[], ...(readonly number[])[]] = [
  [-1, 2],
  [0, 2],
  [2],
  [],
  [1, 1, 2],
  [2_147_483_647, 2_147_483_647],
  [65_536, 65_536],
  [1e9, 2],
  [4_294_967_297, 2],
  [9_007_199_254_740_992, 2],
  Array.from({ length: 40 }, () => 1),
];

interface Rows {
  readonly x: readonly (readonly [number, number])[];
  readonly m: readonly number[];
  readonly s: readonly string[];
  /** Of `x`, where that is not its own. */
  readonly wrongShape?: readonly number[];
}

type Make = (rows: Rows) => GoodRequest;

/** One of each form that a prediction may have. */
export const forms: readonly [Make, ...Make[]] = [
  ({ x, m, s }) =>
    json("/v1/models/m:predict", { instances: x.map((row, at) => ({ x: row, m: m[at], s: s[at] })) }, (answer) =>
      same(
        answer["predictions"],
        x.map((row, at) => ({ x_out: row, m_out: m[at], s_out: s[at] })),
      ),
    ),
  ({ x, m, s }) =>
    json("/v1/models/m:predict", { inputs: { x, m, s } }, (answer) =>
      same(answer["outputs"], { x_out: x, m_out: m, s_out: s }),
    ),
  ({ x, m, s }) =>
    json("/predict", { input_data: { x, m, s } }, (answer) =>
      same(answer["predictions"], { x_out: x, m_out: m, s_out: s }),
    ),
  (rows) =>
    json("/v2/models/m/infer", { id: "7", inputs: tensorsOf(rows) }, (answer) => same(dataOf(answer), flat(rows))),
  binary,
  (rows) => grpc(rows, typedInputs(rows), []),
  (rows) => grpc(rows, tensorsOf(rows).map(withoutData), rawOf(rows)),
];

export function makeMisshapen(random: Random): Rows {
  return { ...makeRows(random), wrongShape: random.pick(wrongShapes) };
}

export function makeRows(random: Random): Rows {
  const count = 1 + random.below(4);
  const each = <T>(make: () => T): T[] => Array.from({ length: count }, make);
  return {
    x: each(() => [random.below(1000) / 8, random.below(9)] as const),
    m: each(() => random.below(1_000_000)),
    s: each(() => random.pick(["", "a", "grüße", 'q"\\', "\u{1f600}"])),
  };
}

function json(
  path: string,
  body: object,
  isRight: (answer: Readonly<Record<string, unknown>>) => boolean,
): GoodRequest {
  return {
    protocol: "http",
    path,
    headers: { "content-type": "application/json" },
    body: Buffer.from(JSON.stringify(body)),
    isRight(answer) {
      const value: unknown = JSON.parse(answer.toString());
      return typeof value === "object" && value !== null && isRight(value as Readonly<Record<string, unknown>>);
    },
  };
}

/** The answer is in binary form as well: its JSON has the length that its header says, which is checked by its end. */
function binary(rows: Rows): GoodRequest {
  const raw = rawOf(rows);
  const inputs = tensorsOf(rows).map((tensor, at) => ({
    ...withoutData(tensor),
    parameters: { binary_data_size: raw[at]?.length ?? 0 },
  }));
  const head = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  const data = Buffer.concat(raw);
  return {
    protocol: "http",
    path: "/v2/models/m/infer",
    headers: { "inference-header-content-length": String(head.length) },
    body: Buffer.concat([head, data]),
    isRight: (answer) => answer.subarray(answer.length - data.length).equals(data),
  };
}

function grpc(rows: Rows, inputs: readonly object[], raw: readonly Uint8Array[]): GoodRequest {
  const message = inference.encode("ModelInferRequest", {
    model_name: "m",
    inputs,
    ...(raw.length === 0 ? {} : { raw_input_contents: raw }),
  } as Parameters<typeof inference.encode>[1]);
  return {
    protocol: "grpc",
    path: inferPath,
    headers: {},
    body: frame(message),
    isRight(answer) {
      const response = inference.decode("ModelInferResponse", answer) as {
        readonly outputs?: readonly { readonly contents?: Readonly<Record<string, unknown>> }[];
        readonly raw_output_contents?: readonly Uint8Array[];
      };
      if (raw.length > 0) {
        return Buffer.concat([...(response.raw_output_contents ?? [])]).equals(Buffer.concat([...raw]));
      }
      return response.outputs?.length === 3 && rows.x.length > 0;
    },
  };
}

interface NamedTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
}

function tensorsOf({ x, m, s, wrongShape }: Rows): readonly NamedTensor[] {
  return [
    { name: "x", datatype: "FP32", shape: wrongShape ?? [x.length, 2], data: x.flat() },
    { name: "m", datatype: "INT64", shape: [m.length], data: m },
    { name: "s", datatype: "BYTES", shape: [s.length], data: s },
  ];
}

function withoutData({ name, datatype, shape }: NamedTensor): Omit<NamedTensor, "data"> {
  return { name, datatype, shape };
}

function typedInputs(rows: Rows): readonly object[] {
  const [x, m, s] = tensorsOf(rows).map(withoutData);
  return [
    { ...x, contents: { fp32_contents: rows.x.flat() } },
    { ...m, contents: { int64_contents: rows.m } },
    { ...s, contents: { bytes_contents: rows.s.map((text) => Buffer.from(text)) } },
  ];
}

/** Each tensor's elements in binary form, little-endian; strings behind their length. */
function rawOf({ x, m, s }: Rows): readonly Buffer[] {
  const texts = s.flatMap((text) => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  return [
    Buffer.from(Float32Array.from(x.flat()).buffer),
    Buffer.from(BigInt64Array.from(m.map(BigInt)).buffer),
    Buffer.concat(texts),
  ];
}

function flat({ x, m, s }: Rows): readonly (readonly unknown[])[] {
  return [x.flat(), m, s];
}

function dataOf({ outputs }: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Array.isArray(outputs) ? outputs.map((output: { readonly data?: unknown }) => output.data) : [];
}

/** By their JSON: they are small. */
function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
