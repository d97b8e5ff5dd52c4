import { isProblem, type Problem } from "../../errors.ts";
import { grpcProblems } from "../grpc-problems.ts";
import type { Answer, ExchangeMethod } from "../method.ts";
import { statusCodes } from "../status.ts";
import { beginFrame } from "../wire/message-frame.ts";
import {
  type Bytes,
  createReader,
  enterMessage,
  leaveMessage,
  nextField,
  readString,
  skipField,
  wireTypes,
} from "../wire/reader.ts";
import {
  beginMessage,
  endMessage,
  type Writer,
  writeBytes,
  writeIntegerField,
  writeString,
  writeStringField,
  written,
} from "../wire/writer.ts";
import type { DescribedFile } from "./described-file.ts";
import { describedFiles } from "./descriptors.gen.ts";

/**
 * Reflection, under both names that clients know (grpc/grpc, doc/server-reflection.md). Everything it tells stands in
 * the .proto files of this folder's neighbours.
 */
export function reflectionMethods(limitBytes: number): [string, ExchangeMethod][] {
  const method: ExchangeMethod = { kind: "exchange", limitBytes, answer: reflect };
  return ["v1", "v1alpha"].map((version) => [
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    method,
  ]);
}

/** The field of ServerReflectionRequest's oneof that was sent, and its text: of an extension, the type it extends. */
interface ReflectionRequest {
  host: string;
  field: number;
  text: string;
}

const fields = {
  fileByFilename: 3,
  fileContainingSymbol: 4,
  fileContainingExtension: 5,
  allExtensionNumbersOfType: 6,
  listServices: 7,
} as const;

function reflect(message: Bytes): Answer {
  const request = readReflectionRequest(message);
  if (isProblem(request)) return request;
  const writer = beginFrame();
  writeStringField(writer, 1, request.host);
  // The request as it came: what was encoded once need not be encoded anew.
  writeBytes(writer, 2, message);
  switch (request.field) {
    case fields.listServices:
      writeServices(writer);
      break;
    case fields.fileByFilename:
      writeFile(
        writer,
        describedFiles.find(({ name }) => name === request.text),
        request.text,
      );
      break;
    case fields.fileContainingSymbol:
      writeFile(
        writer,
        describedFiles.find((file) => hasSymbol(file, request.text)),
        request.text,
      );
      break;
    case fields.allExtensionNumbersOfType:
      writeExtensionNumbers(writer, request.text);
      break;
    case fields.fileContainingExtension:
      writeError(writer, statusCodes.notFound, `there is no extension of ${request.text}`);
      break;
    default:
      writeError(writer, statusCodes.invalidArgument, "the request asks for nothing that this server knows");
  }
  return [written(writer)];
}

function readReflectionRequest(message: Bytes): ReflectionRequest | Problem {
  const reader = createReader(message);
  const request: ReflectionRequest = { host: "", field: 0, text: "" };
  while (nextField(reader)) {
    const { field } = reader;
    if (reader.wireType !== wireTypes.lengthDelimited) skipField(reader);
    else if (field === 1) request.host = readString(reader);
    else if (field === fields.fileContainingExtension) {
      const outer = enterMessage(reader);
      while (nextField(reader)) {
        if (reader.field === 1 && reader.wireType === wireTypes.lengthDelimited) request.text = readString(reader);
        else skipField(reader);
      }
      leaveMessage(reader, outer);
      request.field = field;
    } else if (field >= fields.fileByFilename && field <= fields.listServices) {
      request.text = readString(reader);
      request.field = field;
    } else skipField(reader);
  }
  return reader.fault === undefined
    ? request
    : grpcProblems.badMessage("grpc.reflection.v1.ServerReflectionRequest", reader.fault);
}

function hasSymbol({ services, messages, otherSymbols }: DescribedFile, symbol: string): boolean {
  return services.includes(symbol) || messages.includes(symbol) || otherSymbols.includes(symbol);
}

function writeServices(writer: Writer): void {
  const begun = beginMessage(writer, 6);
  for (const { services } of describedFiles) {
    for (const service of services) {
      const one = beginMessage(writer, 1);
      writeString(writer, 1, service);
      endMessage(writer, one);
    }
  }
  endMessage(writer, begun);
}

/** FileDescriptorResponse: no file of ours needs another. */
function writeFile(writer: Writer, file: DescribedFile | undefined, asked: string): void {
  if (file === undefined) return writeError(writer, statusCodes.notFound, `there is no ${asked}`);
  const begun = beginMessage(writer, 4);
  writeBytes(writer, 1, Buffer.from(file.base64, "base64"));
  endMessage(writer, begun);
}

function writeExtensionNumbers(writer: Writer, type: string): void {
  if (!describedFiles.some(({ messages }) => messages.includes(type))) {
    return writeError(writer, statusCodes.notFound, `there is no message ${type}`);
  }
  const begun = beginMessage(writer, 5);
  writeStringField(writer, 1, type);
  endMessage(writer, begun);
}

function writeError(writer: Writer, code: number, message: string): void {
  const begun = beginMessage(writer, 7);
  writeIntegerField(writer, 1, code);
  writeStringField(writer, 2, message);
  endMessage(writer, begun);
}
