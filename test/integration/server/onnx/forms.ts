import { type ProtoObject, type ProtoValue, protoCodec } from "../../../fixtures/proto-message.ts";
import { bytesOf, type CaseData, type CaseTensor, numbersIn, numbersOf, valuesOf } from "./case-tensor.ts";
import type { Datatype } from "../../../../server/tensor.ts";

/** A protocol's way to write tensors, with none of the server's code. */
export interface Form {
  readonly name: "JSON" | "binary" | "gRPC, raw" | "gRPC, typed";
  /** Whether it has a place for this datatype. */
  readonly carries: (datatype: Datatype) => boolean;
  readonly write: (inputs: readonly CaseTensor[]) => Message;
  readonly read: (answer: Message) => readonly CaseTensor[];
}

export interface Message {
  readonly bytes: Uint8Array;
  /** Value of inference-header-content-length. */
  readonly headerLength?: number;
}

const json: Form = {
  name: "JSON",
  carries: () => true,
  write: (inputs) => ({ bytes: Buffer.from(`{"inputs":[${inputs.map(jsonText).join(",")}]}`) }),
  read: ({ bytes }) => parse(bytes).outputs.map((output) => ({ ...headOf(output), data: jsonData(output) })),
};

const binary: Form = {
  name: "binary",
  carries: () => true,
  write(inputs) {
    const parts = inputs.map(rawBytes);
    const heads = inputs.map((input, index) => {
      const parameters = { binary_data_size: parts[index]?.length };
      return { name: input.name, datatype: input.datatype, shape: input.dims, parameters };
    });
    const head = Buffer.from(JSON.stringify({ parameters: { binary_data_output: true }, inputs: heads }));
    return { bytes: Buffer.concat([head, ...parts]), headerLength: head.length };
  },
  read({ bytes, headerLength }) {
    if (headerLength === undefined) throw new Error("the answer has no inference-header-content-length");
    let at = headerLength;
    return parse(bytes.subarray(0, headerLength)).outputs.map((output) => {
      const start = at;
      at += Number(output.parameters?.binary_data_size);
      return { ...headOf(output), data: rawData(output.datatype, bytes.subarray(start, at)) };
    });
  },
};

const inference = protoCodec("server/grpc/inference.proto");

const grpcRaw: Form = {
  name: "gRPC, raw",
  carries: () => true,
  write: (inputs) => infer({ inputs: inputs.map(protoHead), raw_input_contents: inputs.map(rawBytes) }),
  read({ bytes }) {
    const answer = inference.decode("ModelInferResponse", bytes);
    const raw = answer["raw_output_contents"] as readonly Uint8Array[];
    // A request without inputs cannot say that it is raw.
    if (raw.length === 0) return grpcTyped.read({ bytes });
    return (answer["outputs"] as readonly ProtoObject[]).map((output, index) => {
      const head = headOfProto(output);
      return { ...head, data: rawData(head.datatype, raw[index] ?? new Uint8Array()) };
    });
  },
};

const grpcTyped: Form = {
  name: "gRPC, typed",
  carries: (datatype) => datatype !== "FP16",
  write: (inputs) =>
    infer({ inputs: inputs.map((input) => ({ ...protoHead(input), contents: typedContents(input) })) }),
  read({ bytes }) {
    const { outputs } = inference.decode("ModelInferResponse", bytes);
    return (outputs as readonly ProtoObject[]).map((output) => {
      const head = headOfProto(output);
      const contents = (output["contents"] ?? {}) as ProtoObject;
      const values = (contents[typedField(head.datatype)] ?? []) as readonly ProtoValue[];
      if (head.datatype === "BYTES") return { ...head, data: values.map((text) => utf8(text as Uint8Array)) };
      return { ...head, data: numbersOf(head.datatype, values) };
    });
  },
};

export const forms: readonly Form[] = [json, binary, grpcRaw, grpcTyped];

interface JsonOutput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly string[];
  readonly data?: readonly unknown[];
  readonly parameters?: { readonly binary_data_size: string };
}

/** Numbers as their digits: those of 64-bit integers are more than a double holds. */
function parse(bytes: Uint8Array): { readonly outputs: readonly JsonOutput[] } {
  // The third argument holds what was written in the text (ECMA-262, JSON.parse source text access).
  const digits = (_key: string, value: unknown, context?: { readonly source: string }): unknown =>
    typeof value === "number" ? context?.source : value;
  return JSON.parse(utf8(bytes), digits) as {
    readonly outputs: readonly JsonOutput[];
  };
}

function headOf({ name, datatype, shape }: JsonOutput): Omit<CaseTensor, "data"> {
  return { name, datatype, dims: shape.map(Number) };
}

function jsonText(tensor: CaseTensor): string {
  const { name, datatype, dims } = tensor;
  const head = `"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${dims.join(",")}]`;
  return `{${head},"data":[${valuesOf(tensor)
    .map((value) => element(value, datatype))
    .join(",")}]}`;
}

function element(value: number | bigint | string, datatype: Datatype): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return String(value);
  if (datatype === "BOOL") return String(value !== 0);
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? "-0.0" : String(value);
}

function jsonData({ datatype, data = [] }: JsonOutput): CaseData {
  if (datatype === "BYTES") return data.map(String);
  if (datatype === "INT64" || datatype === "UINT64")
    return numbersOf(
      datatype,
      data.map((value) => BigInt(String(value))),
    );
  const numbers = data.map((value) => (typeof value === "boolean" ? Number(value) : Number(String(value))));
  return datatype === "FP16" ? new Uint16Array(Float16Array.from(numbers).buffer) : numbersOf(datatype, numbers);
}

function rawBytes({ data }: CaseTensor): Buffer<ArrayBuffer> {
  if (!Array.isArray(data)) return bytesOf(data);
  return Buffer.concat(
    data.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

function rawData(datatype: Datatype, bytes: Uint8Array): CaseData {
  if (datatype !== "BYTES") return numbersIn(datatype, bytes);
  const texts: string[] = [];
  const view = Buffer.from(bytes);
  for (let at = 0; at < view.length; ) {
    const end = at + 4 + view.readUInt32LE(at);
    texts.push(utf8(view.subarray(at + 4, end)));
    at = end;
  }
  return texts;
}

function infer(request: ProtoObject): Message {
  return { bytes: inference.encode("ModelInferRequest", { model_name: "m", ...request }) };
}

function protoHead({ name, datatype, dims }: CaseTensor): ProtoObject {
  return { name, datatype, shape: dims };
}

function headOfProto({ name, datatype, shape }: ProtoObject): Omit<CaseTensor, "data"> {
  return { name: name as string, datatype: datatype as Datatype, dims: (shape as readonly bigint[]).map(Number) };
}

function typedContents(tensor: CaseTensor): ProtoObject {
  const values = valuesOf(tensor).map((value) => {
    if (typeof value === "string") return Buffer.from(value);
    return tensor.datatype === "BOOL" ? value !== 0 : value;
  });
  return { [typedField(tensor.datatype)]: values };
}

function typedField(datatype: Datatype): string {
  if (datatype === "INT8" || datatype === "INT16") return "int_contents";
  if (datatype === "UINT8" || datatype === "UINT16") return "uint_contents";
  return typedFields[datatype] ?? "";
}

const typedFields: Readonly<Partial<Record<Datatype, string>>> = {
  BOOL: "bool_contents",
  INT32: "int_contents",
  INT64: "int64_contents",
  UINT32: "uint_contents",
  UINT64: "uint64_contents",
  FP32: "fp32_contents",
  FP64: "fp64_contents",
  BYTES: "bytes_contents",
};

function utf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}
