import type { Problem } from "../../errors.ts";
import { grpcProblems } from "../grpc-problems.ts";
import {
  enterMessage,
  leaveMessage,
  nextField,
  type Reader,
  readBool,
  readDouble,
  readInt64,
  readString,
  readUint64,
  skipField,
  wireTypes,
} from "../wire/reader.ts";

/** An entry of a map of InferParameter. */
export interface Parameter {
  name: string;
  /** Undefined: none of the oneof's fields was set. */
  value: boolean | number | bigint | string | undefined;
}

/** What a request, an input or an output of it can be told, by what happens to it. */
interface Rules {
  /** Of no meaning here, and no harm in ignoring it. */
  readonly ignored: readonly string[];
  /** Refused, unless the value is the one that means "not used": 0, false or "". The text says what to do instead. */
  readonly refused: Readonly<Record<string, string>>;
}

const sharedMemory = {
  shared_memory_region: "send the tensor's values in the message",
  shared_memory_offset: "send the tensor's values in the message",
  shared_memory_byte_size: "send the tensor's values in the message",
} as const;

const sequences = "each request is run for itself; send a model's state as inputs";

/** What KServe and MLServer clients tell each other. */
const notes = ["content_type", "headers", "tags"] as const;

/** KServe's client leaves what is meant for HTTP, `binary_…`, in a message that says itself which form it has. */
export const parameterRules = {
  request: {
    ignored: [...notes, "binary_data_output"],
    refused: {
      sequence_id: sequences,
      sequence_start: sequences,
      sequence_end: sequences,
      priority: "requests are run in the order in which they come",
      timeout: "set a deadline on the call instead",
    },
  },
  input: { ignored: [...notes, "binary_data_size"], refused: sharedMemory },
  output: {
    ignored: [...notes, "binary_data"],
    refused: { ...sharedMemory, classification: "take the largest values of the output instead" },
  },
} as const satisfies Readonly<Record<string, Rules>>;

/** Reads the entry of a map<string, InferParameter> that is the field's value. */
export function readParameter(reader: Reader): Parameter {
  const parameter: Parameter = { name: "", value: undefined };
  const outer = enterMessage(reader);
  while (nextField(reader)) {
    if (reader.wireType !== wireTypes.lengthDelimited) skipField(reader);
    else if (reader.field === 1) parameter.name = readString(reader);
    else if (reader.field === 2) readValue(reader, parameter);
    else skipField(reader);
  }
  leaveMessage(reader, outer);
  return parameter;
}

/** Nothing that changes what an answer means is ignored without a word: what is not known is refused by its name. */
export function checkParameters(parameters: readonly Parameter[], rules: Rules, where: string): Problem | undefined {
  for (const { name, value } of parameters) {
    if (rules.ignored.includes(name)) continue;
    const instead = Object.hasOwn(rules.refused, name) ? rules.refused[name] : undefined;
    if (instead === undefined) return grpcProblems.unsupportedParameter(name, where, "leave it out");
    if (isUsed(value)) return grpcProblems.unsupportedParameter(name, where, instead);
  }
  return undefined;
}

function isUsed(value: Parameter["value"]): boolean {
  return value !== undefined && value !== false && value !== "" && value !== 0;
}

/** InferParameter: of a oneof, the last field that was sent counts. */
function readValue(reader: Reader, parameter: Parameter): void {
  const outer = enterMessage(reader);
  while (nextField(reader)) {
    const { field, wireType } = reader;
    if (field === 1 && wireType === wireTypes.varint) parameter.value = readBool(reader);
    else if (field === 2 && wireType === wireTypes.varint) parameter.value = readInt64(reader);
    else if (field === 3 && wireType === wireTypes.lengthDelimited) parameter.value = readString(reader);
    else if (field === 4 && wireType === wireTypes.fixed64) parameter.value = readDouble(reader);
    else if (field === 5 && wireType === wireTypes.varint) parameter.value = readUint64(reader);
    else skipField(reader);
  }
  leaveMessage(reader, outer);
}
