import { binaryOf } from "../../server/protocol/v2/binary-tensor.ts";
import { flatText, nestedText, type Pieces } from "../../server/protocol/write/tensor-text.ts";
import type { Tensor } from "../../server/tensor.ts";
import { failed } from "../complaint.ts";
import type { HttpProtocol, JsonProtocol } from "./protocol.ts";
import type { Question } from "./requested-tensors.ts";

/** A body to be sent by POST. */
export interface HttpRequest {
  /** Behind the server's address. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly Uint8Array[];
}

const json = { "content-type": "application/json" } as const;

/** A request that is written for the protocol already: not a byte of it changes. */
export function writtenRequest(protocol: JsonProtocol, model: string, text: string): HttpRequest {
  return { path: pathOf(protocol, model), headers: json, body: [Buffer.from(text, "utf8")] };
}

/** Throws a complaint about what the protocol has no form for. */
export function encodeRequest(protocol: HttpProtocol, model: string, question: Question): HttpRequest {
  const path = pathOf(protocol, model);
  if (protocol === "v2") return { path, headers: json, body: joined(v2Text(question)) };
  if (protocol === "binary") return { path, ...binaryRequest(question) };
  if (question.outputs !== undefined) {
    throw failed(
      `the request asks for the outputs ${question.outputs.join(", ")}, and ${protocol} gives all of them: leave "outputs" out, or take --protocol v2, binary or grpc`,
    );
  }
  const member = protocol === "v1" ? "inputs" : "input_data";
  return { path, headers: json, body: joined(columnsText(member, question.inputs)) };
}

function pathOf(protocol: HttpProtocol, model: string): string {
  const name = encodeURIComponent(model);
  if (protocol === "predict") return "/predict";
  return protocol === "v1" ? `/v1/models/${name}:predict` : `/v2/models/${name}/infer`;
}

/** Always by name: bare values are for models of one input only. */
function* columnsText(member: string, inputs: readonly Tensor[]): Pieces {
  yield `{"${member}":{`;
  for (const [index, tensor] of inputs.entries()) {
    yield `${index === 0 ? "" : ","}${JSON.stringify(tensor.name)}:`;
    yield* nestedText(tensor);
  }
  yield "}}";
}

function* v2Text({ id, inputs, outputs }: Question): Pieces {
  yield `{${idText(id)}"inputs":[`;
  for (const [index, tensor] of inputs.entries()) {
    yield `${index === 0 ? "" : ","}${headText(tensor)},"data":`;
    yield* flatText(tensor);
    yield "}";
  }
  yield `]${outputsText(outputs)}}`;
}

/** With the binary tensor data extension, in both directions. */
function binaryRequest({ id, inputs, outputs }: Question): Omit<HttpRequest, "path"> {
  const raw = inputs.map(binaryOf);
  const heads = inputs.map(
    (tensor, index) => `${headText(tensor)},"parameters":{"binary_data_size":${raw[index]?.length ?? 0}}}`,
  );
  const header = Buffer.from(
    `{${idText(id)}"inputs":[${heads.join(",")}]${outputsText(outputs)},"parameters":{"binary_data_output":true}}`,
  );
  return {
    headers: {
      "content-type": "application/octet-stream",
      "inference-header-content-length": String(header.length),
    },
    body: [header, ...raw],
  };
}

function idText(id: string | undefined): string {
  return id === undefined ? "" : `"id":${JSON.stringify(id)},`;
}

function headText({ name, datatype, shape }: Tensor): string {
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(",")}]`;
}

function outputsText(outputs: Question["outputs"]): string {
  return outputs === undefined ? "" : `,"outputs":${JSON.stringify(outputs.map((name) => ({ name })))}`;
}

/** Some pieces are a comma; a string of them all may be too long for V8. */
function joined(pieces: Pieces): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let text = "";
  for (const piece of pieces) {
    text += piece;
    if (text.length < partCharacters) continue;
    parts.push(Buffer.from(text, "utf8"));
    text = "";
  }
  parts.push(Buffer.from(text, "utf8"));
  return parts;
}

const partCharacters = 256 * 1024;
