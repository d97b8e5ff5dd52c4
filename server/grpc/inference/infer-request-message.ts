import type { Problem } from "../../errors.ts";
import { grpcProblems } from "../grpc-problems.ts";
import {
  type Bytes,
  createReader,
  enterMessage,
  fail,
  leaveMessage,
  nextField,
  type Reader,
  readBytes,
  readInt64,
  readString,
  readVarint,
  skipField,
  wireTypes,
} from "../wire/reader.ts";
import { type Parameter, readParameter } from "./parameters.ts";

/** A ModelInferRequest as it was sent: nothing of it is checked against a model yet. */
export interface InferRequestMessage {
  modelName: string;
  modelVersion: string;
  /** Empty: none. */
  id: string;
  readonly parameters: Parameter[];
  readonly inputs: InferInputMessage[];
  readonly outputs: InferOutputMessage[];
  /** `raw_input_contents`: views into the message, in the order of the inputs. */
  readonly raw: Bytes[];
}

export interface InferInputMessage {
  name: string;
  datatype: string;
  /** A size that no number holds exactly is a bigint. */
  readonly shape: (number | bigint)[];
  readonly parameters: Parameter[];
  /** Encoded InferTensorContents. One that is sent in pieces stands there as often: they are read as one. */
  readonly contents: Bytes[];
}

export interface InferOutputMessage {
  name: string;
  readonly parameters: Parameter[];
}

/**
 * More than any model has of inputs, outputs and parameters together, those of the inputs and outputs included; each costs
 * fifty times its bytes before it is checked.
 */
const maximumParts = 4096;
/** Beyond any rank: the exact bound is the tensor's, this one is for memory. */
const maximumSizes = 1024;

export function readInferRequest(message: Bytes): InferRequestMessage | Problem {
  const reader = createReader(message);
  const request: InferRequestMessage = {
    modelName: "",
    modelVersion: "",
    id: "",
    parameters: [],
    inputs: [],
    outputs: [],
    raw: [],
  };
  const read: PartCount = { parts: 0 };
  while (nextField(reader)) {
    if (reader.wireType !== wireTypes.lengthDelimited) {
      skipField(reader);
      continue;
    }
    if (reader.field >= 4) countPart(reader, read);
    readPart(reader, request, read);
  }
  return reader.fault === undefined ? request : grpcProblems.badMessage(name, reader.fault);
}

/**
 * Where in a message the bytes of the first raw tensor begin, judged by a first part of it; undefined when that part
 * does not reach so far, or when there is none.
 */
export function firstRawOffset(part: Bytes): number | undefined {
  const reader = createReader(part);
  // The part may end within a value, which is no fault of the message: what is beyond it is not asked for.
  reader.end = Number.MAX_SAFE_INTEGER;
  while (reader.position < part.length && nextField(reader)) {
    if (reader.field === 7 && reader.wireType === wireTypes.lengthDelimited) {
      readVarint(reader);
      return reader.fault === undefined && reader.position <= part.length ? reader.position : undefined;
    }
    skipField(reader);
  }
  return undefined;
}

const name = "inference.ModelInferRequest";

interface PartCount {
  parts: number;
}

/** A fault where there are too many: nothing more is read then. */
function countPart(reader: Reader, read: PartCount): void {
  read.parts += 1;
  if (read.parts > maximumParts) fail(reader, `it has more than ${maximumParts} inputs, outputs and parameters`);
}

function readPart(reader: Reader, request: InferRequestMessage, read: PartCount): void {
  switch (reader.field) {
    case 1:
      request.modelName = readString(reader);
      break;
    case 2:
      request.modelVersion = readString(reader);
      break;
    case 3:
      request.id = readString(reader);
      break;
    case 4:
      request.parameters.push(readParameter(reader));
      break;
    case 5:
      request.inputs.push(readInput(reader, read));
      break;
    case 6:
      request.outputs.push(readOutput(reader, read));
      break;
    case 7:
      request.raw.push(readBytes(reader));
      break;
    default:
      skipField(reader);
  }
}

/** The message that is the field's value. An output of an answer, and a tensor of the metadata, have the same fields. */
export function readInput(reader: Reader, read: PartCount = { parts: 0 }): InferInputMessage {
  const input: InferInputMessage = { name: "", datatype: "", shape: [], parameters: [], contents: [] };
  const outer = enterMessage(reader);
  while (nextField(reader)) {
    if (reader.field === 3) readSizes(reader, input.shape);
    else if (reader.wireType !== wireTypes.lengthDelimited) skipField(reader);
    else if (reader.field === 1) input.name = readString(reader);
    else if (reader.field === 2) input.datatype = readString(reader);
    else if (reader.field === 4 || reader.field === 5) {
      countPart(reader, read);
      if (reader.field === 4) input.parameters.push(readParameter(reader));
      else input.contents.push(readBytes(reader));
    } else skipField(reader);
  }
  leaveMessage(reader, outer);
  return input;
}

function readOutput(reader: Reader, read: PartCount): InferOutputMessage {
  const output: InferOutputMessage = { name: "", parameters: [] };
  const outer = enterMessage(reader);
  while (nextField(reader)) {
    if (reader.wireType !== wireTypes.lengthDelimited) skipField(reader);
    else if (reader.field === 1) output.name = readString(reader);
    else if (reader.field === 2) {
      countPart(reader, read);
      output.parameters.push(readParameter(reader));
    } else skipField(reader);
  }
  leaveMessage(reader, outer);
  return output;
}

/** A repeated number may be packed or not, whatever its .proto file says. Sizes beyond the bound are read past. */
function readSizes(reader: Reader, shape: (number | bigint)[]): void {
  if (reader.wireType === wireTypes.varint) {
    const size = readInt64(reader);
    if (shape.length < maximumSizes) shape.push(size);
    return;
  }
  if (reader.wireType !== wireTypes.lengthDelimited) return skipField(reader);
  const outer = enterMessage(reader);
  while (reader.position < reader.end) {
    const size = readInt64(reader);
    if (shape.length < maximumSizes) shape.push(size);
  }
  leaveMessage(reader, outer);
}
