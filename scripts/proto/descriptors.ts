import { readFile } from "node:fs/promises";
import { fileDescriptor } from "./file-descriptor.ts";
import { type ProtoFile, type ProtoMessage, parseProto } from "./parse-proto.ts";

export const descriptorsFile = "server/grpc/reflection/descriptors.gen.ts";

/** A .proto file of ours, and what reflection calls it: the name under which other programs know the same messages. */
interface Source {
  readonly path: string;
  readonly name: string;
  /** For a service that is there under an older name, too. */
  readonly package?: string;
}

const sources: readonly Source[] = [
  { path: "server/grpc/inference.proto", name: "inference.proto" },
  { path: "server/grpc/health/health.proto", name: "grpc/health/v1/health.proto" },
  { path: "server/grpc/reflection/reflection.proto", name: "grpc/reflection/v1/reflection.proto" },
  {
    path: "server/grpc/reflection/reflection.proto",
    name: "grpc/reflection/v1alpha/reflection.proto",
    package: "grpc.reflection.v1alpha",
  },
];

/** The module with what reflection answers, made of the .proto files; `root` is the repository. */
export async function descriptorsModule(root: URL): Promise<string> {
  const entries: string[] = [];
  for (const source of sources) {
    const parsed = parseProto(await readFile(new URL(source.path, root), "utf8"));
    const file = source.package === undefined ? parsed : { ...parsed, package: source.package };
    entries.push(entry(source.name, file));
  }
  return `// Generated from the .proto files below server/grpc by npm run generate. Do not edit.
import type { DescribedFile } from "./described-file.ts";

export const describedFiles: readonly DescribedFile[] = [
${entries.join("\n")}
];
`;
}

function entry(name: string, file: ProtoFile): string {
  const services = file.services.map((service) => `${file.package}.${service.name}`);
  const messages = messageNames(file.package, file.messages);
  const enums = enumNames(file);
  const methods = file.services.flatMap((service) =>
    service.methods.map((method) => `${file.package}.${service.name}.${method.name}`),
  );
  return `  {
    name: ${JSON.stringify(name)},
    services: ${list(services)},
    messages: ${list(messages)},
    otherSymbols: ${list([...methods, ...enums])},
    base64:
      ${JSON.stringify(fileDescriptor(name, file).toString("base64"))},
  },`;
}

function messageNames(scope: string, messages: readonly ProtoMessage[]): string[] {
  return messages.flatMap((message) => {
    const name = `${scope}.${message.name}`;
    return [name, ...messageNames(name, message.messages)];
  });
}

function enumNames(file: ProtoFile): string[] {
  const nested = (scope: string, messages: readonly ProtoMessage[]): string[] =>
    messages.flatMap((message) => [
      ...message.enums.map(({ name }) => `${scope}.${message.name}.${name}`),
      ...nested(`${scope}.${message.name}`, message.messages),
    ]);
  return [...file.enums.map(({ name }) => `${file.package}.${name}`), ...nested(file.package, file.messages)];
}

/** What a line has left beside the name of the property. */
const oneLineCharacters = 104;

/** As the formatter would break it. */
function list(names: readonly string[]): string {
  if (names.length === 0) return "[]";
  const oneLine = `[${names.map((name) => JSON.stringify(name)).join(", ")}]`;
  if (oneLine.length <= oneLineCharacters) return oneLine;
  return `[\n${names.map((name) => `      ${JSON.stringify(name)},\n`).join("")}    ]`;
}
