import { binaryOf } from "../../protocol/v2/binary-tensor.ts";
import type { Datatype, Tensor } from "../../tensor.ts";
import { beginFrame } from "../wire/message-frame.ts";
import { wireTypes } from "../wire/reader.ts";
import {
  beginMessage,
  createWriter,
  endMessage,
  type Writer,
  writeBytes,
  writePackedIntegers,
  writeRaw,
  writeSigned,
  writeStringField,
  writeTag,
  writeVarint,
  writeVarint64,
  written,
} from "../wire/writer.ts";
import { copiedBytes, encodedBytes } from "./encoded-bytes.ts";
import { elementBytes } from "./raw-tensor.ts";
import { contentsFields } from "./typed-contents.ts";

export interface InferResponse {
  readonly modelName: string;
  readonly modelVersion: string;
  /** Of the request; empty when it had none. */
  readonly id: string;
  readonly outputs: readonly Tensor[];
  /**
   * Whether the values go to `raw_output_contents`, as the request's own came raw. Triton answers raw always; KServe
   * and MLServer as they were asked, which is what a client that sends typed contents reads; but see {@link goesRaw}.
   */
  readonly isRaw: boolean;
}

/** FP16 has no typed form: with it among the outputs they all go raw. */
export function goesRaw({ outputs, isRaw }: Pick<InferResponse, "outputs" | "isRaw">): boolean {
  return isRaw || outputs.some(({ datatype }) => datatype === "FP16");
}

/**
 * ModelInferResponse in pieces to be sent one after the other, the first with room for its prefix. Large tensors in raw
 * form are not copied: they are pieces of their own.
 */
export function encodeInferResponse(response: InferResponse): Uint8Array[] {
  const isRaw = goesRaw(response);
  // Typed values are all in the first piece: it is not to be copied as it grows.
  const writer = beginFrame(isRaw ? 0 : encodedBytes(response.outputs, false));
  writeStringField(writer, 1, response.modelName);
  writeStringField(writer, 2, response.modelVersion);
  writeStringField(writer, 3, response.id);
  for (const tensor of response.outputs) writeOutput(writer, tensor, isRaw);
  if (!isRaw) return [written(writer)];

  const pieces: Uint8Array[] = [];
  let current = writer;
  for (const tensor of response.outputs) {
    const raw = binaryOf(tensor);
    if (raw.length <= copiedBytes) {
      writeBytes(current, 6, raw);
      continue;
    }
    writeTag(current, 6, wireTypes.lengthDelimited);
    writeVarint(current, raw.length);
    pieces.push(written(current), raw);
    current = createWriter();
  }
  if (current.length > 0) pieces.push(written(current));
  return pieces;
}

function writeOutput(writer: Writer, tensor: Tensor, isRaw: boolean): void {
  const begun = beginMessage(writer, 5);
  writeStringField(writer, 1, tensor.name);
  writeStringField(writer, 2, tensor.datatype);
  writePackedIntegers(writer, 3, tensor.shape);
  if (!isRaw) {
    const contents = beginMessage(writer, 5);
    writeContents(writer, tensor);
    endMessage(writer, contents);
  }
  endMessage(writer, begun);
}

function writeContents(writer: Writer, tensor: Tensor): void {
  const { datatype, data } = tensor;
  if (data.length === 0) return;
  const field = contentsFields[datatype as Exclude<Datatype, "FP16">];
  if (Array.isArray(data)) {
    for (const text of data) writeBytes(writer, field, Buffer.from(text, "utf8"));
    return;
  }
  const fixed = datatype === "FP32" || datatype === "FP64" ? elementBytes(datatype) : undefined;
  if (fixed !== undefined) {
    writeTag(writer, field, wireTypes.lengthDelimited);
    writeVarint(writer, data.byteLength);
    writeRaw(writer, binaryOf(tensor));
    return;
  }
  const begun = beginMessage(writer, field);
  for (const value of data) {
    if (typeof value === "bigint") writeVarint64(writer, value);
    else writeSigned(writer, value);
  }
  endMessage(writer, begun);
}
