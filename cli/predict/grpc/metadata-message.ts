import { readInput } from "../../../server/grpc/inference/infer-request-message.ts";
import { beginFrame } from "../../../server/grpc/wire/message-frame.ts";
import {
  type Bytes,
  createReader,
  nextField,
  readString,
  skipField,
  wireTypes,
} from "../../../server/grpc/wire/reader.ts";
import { writeStringField, written } from "../../../server/grpc/wire/writer.ts";
import type { Datatype, TensorSpec } from "../../../server/tensor.ts";
import { failed } from "../../complaint.ts";
import type { Metadata } from "../metadata.ts";

/** ModelMetadataRequest. */
export function metadataRequest(model: string): Uint8Array[] {
  const writer = beginFrame();
  writeStringField(writer, 1, model);
  return [written(writer)];
}

/** Reads a ModelMetadataResponse. Throws a complaint about one that breaks the rules. */
export function metadataAnswer(message: Bytes): Metadata {
  const reader = createReader(message);
  const versions: string[] = [];
  const [inputs, outputs]: [TensorSpec[], TensorSpec[]] = [[], []];
  while (nextField(reader)) {
    if (reader.wireType !== wireTypes.lengthDelimited) skipField(reader);
    else if (reader.field === 2) versions.push(readString(reader));
    else if (reader.field === 4 || reader.field === 5) {
      const specs = reader.field === 4 ? inputs : outputs;
      // TensorMetadata has the first fields of an input. The datatypes are checked where they matter.
      const { name, datatype, shape } = readInput(reader);
      specs.push({ name, datatype: datatype as Datatype, shape: shape.map(Number) });
    } else skipField(reader);
  }
  if (reader.fault !== undefined) throw failed(`the answer is no inference.ModelMetadataResponse: ${reader.fault}`);
  return { inputs, outputs, version: versions[0] };
}
