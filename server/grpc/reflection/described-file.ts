/** A .proto file as reflection answers it. Names are full ones, as `package.Message`. */
export interface DescribedFile {
  readonly name: string;
  readonly services: readonly string[];
  readonly messages: readonly string[];
  /** Methods and enums. */
  readonly otherSymbols: readonly string[];
  /** An encoded google.protobuf.FileDescriptorProto. */
  readonly base64: string;
}
