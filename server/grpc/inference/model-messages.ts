import type { Problem } from "../../errors.ts";
import type { ServedModel } from "../../state.ts";
import { tensorParameters } from "../../protocol/v2/tensor-parameters.ts";
import type { TensorSpec } from "../../tensor.ts";
import { grpcProblems } from "../grpc-problems.ts";
import { type Bytes, createReader, nextField, readBool, readString, skipField, wireTypes } from "../wire/reader.ts";
import {
  beginMessage,
  endMessage,
  type Writer,
  writeBoolField,
  writePackedIntegers,
  writeString,
  writeStringField,
} from "../wire/writer.ts";

/** What ModelReadyRequest, ModelMetadataRequest, ModelConfigRequest and ModelStatisticsRequest say alike. */
export interface ModelRequest {
  name: string;
  /** Empty: the one that is served. */
  version: string;
}

export function readModelRequest(message: Bytes, messageName: string): ModelRequest | Problem {
  const reader = createReader(message);
  const request: ModelRequest = { name: "", version: "" };
  while (nextField(reader)) {
    if (reader.wireType !== wireTypes.lengthDelimited) skipField(reader);
    else if (reader.field === 1) request.name = readString(reader);
    else if (reader.field === 2) request.version = readString(reader);
    else skipField(reader);
  }
  return reader.fault === undefined ? request : grpcProblems.badMessage(messageName, reader.fault);
}

export interface RepositoryIndexRequest {
  repositoryName: string;
  /** Only models that take requests. */
  isReadyOnly: boolean;
}

export function readRepositoryIndexRequest(message: Bytes): RepositoryIndexRequest | Problem {
  const reader = createReader(message);
  const request: RepositoryIndexRequest = { repositoryName: "", isReadyOnly: false };
  while (nextField(reader)) {
    if (reader.field === 1 && reader.wireType === wireTypes.lengthDelimited) {
      request.repositoryName = readString(reader);
    } else if (reader.field === 2 && reader.wireType === wireTypes.varint) request.isReadyOnly = readBool(reader);
    else skipField(reader);
  }
  return reader.fault === undefined
    ? request
    : grpcProblems.badMessage("inference.RepositoryIndexRequest", reader.fault);
}

export interface ModelIndex {
  readonly name: string;
  readonly version: string;
  /** Triton's words: READY, LOADING, UNLOADING, UNAVAILABLE. */
  readonly state: string;
  readonly reason: string;
}

/** RepositoryIndexResponse. */
export function writeRepositoryIndex(writer: Writer, models: readonly ModelIndex[]): void {
  for (const { name, version, state, reason } of models) {
    const begun = beginMessage(writer, 1);
    writeStringField(writer, 1, name);
    writeStringField(writer, 2, version);
    writeStringField(writer, 3, state);
    writeStringField(writer, 4, reason);
    endMessage(writer, begun);
  }
}

/** ServerMetadataResponse. */
export function writeServerMetadata(
  writer: Writer,
  server: { readonly name: string; readonly version: string; readonly extensions: readonly string[] },
): void {
  writeStringField(writer, 1, server.name);
  writeStringField(writer, 2, server.version);
  for (const extension of server.extensions) writeString(writer, 3, extension);
}

/** ModelMetadataResponse: the same that `GET v2/models/M` says. */
export function writeModelMetadata(writer: Writer, { name, version, signature }: ServedModel): void {
  writeStringField(writer, 1, name);
  writeString(writer, 2, version);
  writeStringField(writer, 3, "onnx_onnxv1");
  for (const spec of signature.inputs) writeTensorMetadata(writer, 4, spec);
  for (const spec of signature.outputs) writeTensorMetadata(writer, 5, spec);
}

function writeTensorMetadata(writer: Writer, field: number, spec: TensorSpec): void {
  const begun = beginMessage(writer, field);
  writeStringField(writer, 1, spec.name);
  writeStringField(writer, 2, spec.datatype);
  writePackedIntegers(writer, 3, spec.shape);
  for (const [key, value] of Object.entries(tensorParameters(spec))) writeParameter(writer, 4, key, value);
  endMessage(writer, begun);
}

/** An entry of a map of InferParameter: bool_param, or string_param of what is a list. */
function writeParameter(writer: Writer, field: number, key: string, value: true | readonly unknown[]): void {
  const entry = beginMessage(writer, field);
  writeStringField(writer, 1, key);
  const parameter = beginMessage(writer, 2);
  if (value === true) writeBoolField(writer, 1, value);
  else writeStringField(writer, 3, JSON.stringify(value));
  endMessage(writer, parameter);
  endMessage(writer, entry);
}
