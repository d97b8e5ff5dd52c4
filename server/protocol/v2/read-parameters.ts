import { isProblem, type Problem, problems } from "../../errors.ts";
import { openBrace } from "../../json/byte.ts";
import { type Cursor, open, peek } from "../../json/cursor.ts";
import { nextKey } from "../../json/read-members.ts";
import { readValue } from "../../json/read-value.ts";

/** Where `parameters` may stand in a request of the Open Inference Protocol. */
export interface ParameterLevel {
  /** For messages. */
  readonly place: string;
  /** The one that has a meaning here. */
  readonly own: string;
  /** Known ones without a meaning here, refused unless they say that nothing is wanted: 0, false, "" or null. */
  readonly refused: readonly string[];
}

const sharedMemory: readonly string[] = ["shared_memory_region", "shared_memory_offset", "shared_memory_byte_size"];

/** Of Triton's extensions: sequences, schedule policy, shared memory, classification, binary tensor data. */
export const parameterLevels = {
  request: {
    place: "the request",
    own: "binary_data_output",
    refused: ["sequence_id", "sequence_start", "sequence_end", "priority", "timeout"],
  },
  input: { place: "an input", own: "binary_data_size", refused: sharedMemory },
  output: { place: "an output", own: "binary_data", refused: ["classification", ...sharedMemory] },
} as const satisfies Readonly<Record<string, ParameterLevel>>;

/** Notes for whoever reads the request (KServe, MLServer): what they say changes no result. */
const ignored: readonly string[] = ["content_type", "headers", "tags"];

/**
 * Reads `parameters`; the value of the one that has a meaning, undefined when it is not there or null. Whatever would be
 * ignored although it asks for something is refused by its name.
 */
export function readParameters(cursor: Cursor, level: ParameterLevel): unknown {
  if (peek(cursor) !== openBrace) {
    const value = readValue(cursor);
    if (isProblem(value)) return value;
    return value === null ? undefined : problems.wrongField(`parameters of ${level.place}`, value, "an object");
  }
  const mistake = open(cursor);
  if (mistake !== undefined) return mistake;
  let own: unknown;
  for (let isFirst = true; ; isFirst = false) {
    const key = nextKey(cursor, isFirst, [level.own]);
    if (key === undefined) return own;
    if (isProblem(key)) return key;
    const value = readValue(cursor);
    if (isProblem(value)) return value;
    if (key === level.own) own = value === null ? undefined : value;
    else if (!ignored.includes(key) && !(level.refused.includes(key) && wantsNothing(value))) {
      return problems.unsupportedParameter(key, level.place, [level.own, ...ignored]);
    }
  }
}

/** Reads `parameters` whose own one is true or false. */
export function readSwitch(cursor: Cursor, level: ParameterLevel): boolean | undefined | Problem {
  const value = readParameters(cursor, level);
  if (value === undefined || typeof value === "boolean" || isProblem(value)) return value;
  return problems.wrongField(`${level.own} of ${level.place}`, value, "true or false");
}

function wantsNothing(value: unknown): boolean {
  return value === 0 || value === false || value === "" || value === null;
}
