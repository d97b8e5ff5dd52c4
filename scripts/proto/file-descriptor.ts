import {
  beginMessage,
  createWriter,
  endMessage,
  type Writer,
  writeBoolField,
  writeIntegerField,
  writeString,
  writeStringField,
  writeTag,
  writeVarint,
  written,
} from "../../server/grpc/wire/writer.ts";
import type { ProtoEnum, ProtoField, ProtoFile, ProtoMessage, ProtoService } from "./parse-proto.ts";

/** FieldDescriptorProto.Type. */
const scalarTypes: Readonly<Record<string, number>> = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  bool: 8,
  string: 9,
  bytes: 12,
  uint32: 13,
};
const messageType = 11;
const enumType = 14;

/** FieldDescriptorProto.Label. */
const labels = { optional: 1, repeated: 3 } as const;

/**
 * The file as an encoded google.protobuf.FileDescriptorProto, which is what reflection answers (field numbers from
 * protobuf's descriptor.proto). `name` is what the file is called there.
 */
export function fileDescriptor(name: string, file: ProtoFile): Buffer {
  const types = typesOf(file);
  const writer = createWriter();
  writeStringField(writer, 1, name);
  writeStringField(writer, 2, file.package);
  for (const message of file.messages) writeMessage(writer, 4, message, `.${file.package}`, types);
  for (const one of file.enums) writeEnum(writer, 5, one);
  for (const service of file.services) writeService(writer, service, file.package, types);
  writeStringField(writer, 12, "proto3");
  return written(writer);
}

/** Full names of all messages and enums, beginning with a dot, and their FieldDescriptorProto.Type. */
type Types = ReadonlyMap<string, number>;

function typesOf(file: ProtoFile): Types {
  const types = new Map<string, number>();
  const add = (scope: string, messages: readonly ProtoMessage[], enums: readonly ProtoEnum[]): void => {
    for (const { name } of enums) types.set(`${scope}.${name}`, enumType);
    for (const message of messages) {
      types.set(`${scope}.${message.name}`, messageType);
      add(`${scope}.${message.name}`, message.messages, message.enums);
    }
  };
  add(`.${file.package}`, file.messages, file.enums);
  return types;
}

/** A name as it is written means the innermost type of that name around it. */
function resolve(name: string, scope: string, types: Types): string {
  for (let outer = scope; outer !== ""; outer = outer.slice(0, outer.lastIndexOf("."))) {
    if (types.has(`${outer}.${name}`)) return `${outer}.${name}`;
  }
  throw new SyntaxError(`${scope.slice(1)} names the type ${name}, which its file does not have`);
}

function writeMessage(writer: Writer, field: number, message: ProtoMessage, scope: string, types: Types): void {
  const inner = `${scope}.${message.name}`;
  const begun = beginMessage(writer, field);
  writeStringField(writer, 1, message.name);
  for (const one of message.fields) writeField(writer, one, inner, types);
  for (const one of message.messages) writeMessage(writer, 3, one, inner, types);
  for (const one of message.enums) writeEnum(writer, 4, one);
  if (message.isMapEntry) {
    const options = beginMessage(writer, 7);
    writeBoolField(writer, 7, true);
    endMessage(writer, options);
  }
  for (const oneof of message.oneofs) {
    const declaration = beginMessage(writer, 8);
    writeStringField(writer, 1, oneof);
    endMessage(writer, declaration);
  }
  endMessage(writer, begun);
}

function writeField(writer: Writer, field: ProtoField, scope: string, types: Types): void {
  const scalar = scalarTypes[field.type];
  const typeName = scalar === undefined ? resolve(field.type, scope, types) : "";
  const begun = beginMessage(writer, 2);
  writeStringField(writer, 1, field.name);
  writeIntegerField(writer, 3, field.number);
  writeIntegerField(writer, 4, field.isRepeated ? labels.repeated : labels.optional);
  writeIntegerField(writer, 5, scalar ?? types.get(typeName) ?? 0);
  writeStringField(writer, 6, typeName);
  if (field.oneof !== undefined) writePresentInteger(writer, 9, field.oneof);
  writeStringField(
    writer,
    10,
    field.name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
  );
  endMessage(writer, begun);
}

function writeEnum(writer: Writer, field: number, { name, values }: ProtoEnum): void {
  const begun = beginMessage(writer, field);
  writeStringField(writer, 1, name);
  for (const value of values) {
    const one = beginMessage(writer, 2);
    writeString(writer, 1, value.name);
    writePresentInteger(writer, 2, value.number);
    endMessage(writer, one);
  }
  endMessage(writer, begun);
}

function writeService(writer: Writer, service: ProtoService, packageName: string, types: Types): void {
  const begun = beginMessage(writer, 6);
  writeStringField(writer, 1, service.name);
  for (const method of service.methods) {
    const one = beginMessage(writer, 2);
    writeStringField(writer, 1, method.name);
    writeStringField(writer, 2, resolve(method.input, `.${packageName}`, types));
    writeStringField(writer, 3, resolve(method.output, `.${packageName}`, types));
    writeBoolField(writer, 5, method.isClientStreaming);
    writeBoolField(writer, 6, method.isServerStreaming);
    endMessage(writer, one);
  }
  endMessage(writer, begun);
}

/** descriptor.proto is proto2: a zero that is left out there is no zero. */
function writePresentInteger(writer: Writer, field: number, value: number): void {
  writeTag(writer, field, 0);
  writeVarint(writer, value);
}
