import { isProblem } from "../../../server/errors.ts";
import { type InferInputMessage, readInput } from "../../../server/grpc/inference/infer-request-message.ts";
import { readRawTensor } from "../../../server/grpc/inference/raw-tensor.ts";
import { readTypedContents } from "../../../server/grpc/inference/typed-contents.ts";
import { beginFrame } from "../../../server/grpc/wire/message-frame.ts";
import {
  type Bytes,
  createReader,
  nextField,
  readBytes,
  readString,
  skipField,
  wireTypes,
} from "../../../server/grpc/wire/reader.ts";
import {
  beginMessage,
  createWriter,
  endMessage,
  writePackedIntegers,
  writeString,
  writeStringField,
  writeTag,
  writeVarint,
  written,
} from "../../../server/grpc/wire/writer.ts";
import { binaryOf } from "../../../server/protocol/v2/binary-tensor.ts";
import { elementCount, readShape } from "../../../server/tensor.ts";
import { failed } from "../../complaint.ts";
import { type Answer, type Output, tensorOutput } from "../answer/output.ts";
import { isDatatype } from "../metadata.ts";
import type { Question } from "../requested-tensors.ts";

/** ModelInferRequest with raw contents, in pieces behind the room of a frame: tensors are not copied. */
export function inferRequest(model: string, { id, inputs, outputs }: Question): Uint8Array[] {
  const writer = beginFrame();
  writeStringField(writer, 1, model);
  writeStringField(writer, 3, id ?? "");
  for (const { name, datatype, shape } of inputs) {
    const begun = beginMessage(writer, 5);
    writeStringField(writer, 1, name);
    writeStringField(writer, 2, datatype);
    writePackedIntegers(writer, 3, shape);
    endMessage(writer, begun);
  }
  for (const name of outputs ?? []) {
    const begun = beginMessage(writer, 6);
    writeString(writer, 1, name);
    endMessage(writer, begun);
  }
  return [
    written(writer),
    ...inputs.flatMap((tensor) => {
      const raw = binaryOf(tensor);
      const head = createWriter();
      writeTag(head, 7, wireTypes.lengthDelimited);
      writeVarint(head, raw.length);
      return [written(head), raw];
    }),
  ];
}

/** Reads a ModelInferResponse, with raw contents or typed ones. Throws a complaint about one that breaks the rules. */
export function inferAnswer(message: Bytes): Answer {
  const reader = createReader(message);
  const texts = { name: "", version: "", id: "" };
  const heads: InferInputMessage[] = [];
  const raw: Bytes[] = [];
  while (nextField(reader)) {
    if (reader.wireType !== wireTypes.lengthDelimited) skipField(reader);
    else if (reader.field === 1) texts.name = readString(reader);
    else if (reader.field === 2) texts.version = readString(reader);
    else if (reader.field === 3) texts.id = readString(reader);
    // An output has the fields of an input.
    else if (reader.field === 5) heads.push(readInput(reader));
    else if (reader.field === 6) raw.push(readBytes(reader));
    else skipField(reader);
  }
  if (reader.fault !== undefined) throw malformed(reader.fault);
  if (raw.length > 0 && raw.length !== heads.length) {
    throw malformed(`${raw.length} raw contents stand beside ${heads.length} outputs`);
  }
  return {
    modelName: texts.name,
    modelVersion: texts.version === "" ? undefined : texts.version,
    id: texts.id === "" ? undefined : texts.id,
    outputs: heads.map((head, index) => outputFrom(head, raw[index])),
  };
}

function outputFrom({ name, datatype, shape: sizes, contents }: InferInputMessage, raw: Bytes | undefined): Output {
  if (!isDatatype(datatype)) throw malformed(`${name} has the unknown datatype ${datatype}`);
  const shape = readShape(name, sizes);
  if (isProblem(shape)) throw malformed(shape.message);
  const spec = { name, datatype, shape };
  const count = elementCount(shape) ?? 0;
  const data =
    raw === undefined ? readTypedContents(spec, shape, count, contents) : readRawTensor(spec, shape, count, raw);
  if (isProblem(data)) throw malformed(data.message);
  return tensorOutput({ ...spec, data });
}

function malformed(detail: string): Error {
  return failed(`the answer is no inference.ModelInferResponse: ${detail}`);
}
