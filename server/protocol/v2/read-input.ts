import { isProblem, type Problem, problems } from "../../errors.ts";
import { tensorProblems } from "../../tensor-problems.ts";
import { closeBracket, comma, isDigit, openBracket, quote } from "../../json/byte.ts";
import { type Cursor, open, peek } from "../../json/cursor.ts";
import { delimit } from "../../json/delimit.ts";
import { readObject } from "../../json/read-body.ts";
import { nextElement } from "../../json/read-members.ts";
import { isNext } from "../../json/read-string.ts";
import { readValue, skipElements, skipValue } from "../../json/read-value.ts";
import { checkShape, maximumRank, readShape, type Tensor, type TensorData, type TensorSpec } from "../../tensor.ts";
import { readElements } from "../read/elements.ts";
import { parameterLevels, readParameters } from "./read-parameters.ts";

/** What of an input is not in its own object. */
export interface InputContext {
  /** For messages: `inputs[0]`. */
  readonly label: string;
  /** The name expected, which costs no new string. */
  readonly expectedName: string | undefined;
  readonly specOf: (name: string) => TensorSpec | Problem;
  /** The next bytes behind the JSON as the elements of an input. */
  readonly readBinary: (spec: TensorSpec, shape: readonly number[], bytes: number) => TensorData | Problem;
}

/** Fields of an input as far as they are read. */
interface Sent {
  name: unknown;
  datatype: unknown;
  shape: unknown;
  /** Name, datatype and shape, once they are all there and right. */
  head: Head | undefined;
  /** Where data begins. */
  dataAt: Cursor | undefined;
  /** Read where it stands, when that is behind name, datatype and shape. */
  data: TensorData | undefined;
  binarySize: unknown;
}

interface Head {
  readonly spec: TensorSpec;
  readonly shape: readonly number[];
}

const fields: readonly string[] = ["name", "shape", "datatype", "data", "parameters"];

/**
 * One element of `inputs` (inference_rest.md, "Request Input"). Its fields may have any order: data before the others is
 * skipped at first and read at the end.
 */
export function readInput(cursor: Cursor, context: InputContext): Tensor | Problem {
  const sent: Sent = {
    name: undefined,
    datatype: undefined,
    shape: undefined,
    head: undefined,
    dataAt: undefined,
    data: undefined,
    binarySize: undefined,
  };
  const mistake = readObject(cursor, fields, (at, key) => readField(at, key, sent, context));
  if (mistake !== undefined) return mistake;
  const head = sent.head ?? headOf(sent, context);
  if (isProblem(head)) return head;
  const data = dataOf(sent, head, context);
  return isProblem(data) ? data : { name: head.spec.name, datatype: head.spec.datatype, shape: head.shape, data };
}

function readField(cursor: Cursor, key: string, sent: Sent, context: InputContext): Problem | undefined {
  if (key === "data") return readData(cursor, sent, context);
  if (key === "parameters") {
    const size = readParameters(cursor, parameterLevels.input);
    sent.binarySize = size;
    return isProblem(size) ? size : undefined;
  }
  const value = key === "shape" ? readSizes(cursor) : readWord(cursor, expectedOf(key, sent, context));
  if (isProblem(value)) return value;
  if (key === "name") sent.name = value;
  else if (key === "datatype") sent.datatype = value;
  else sent.shape = value;
  // Data that was read with another head has to be read again.
  sent.head = undefined;
  sent.data = undefined;
  return undefined;
}

function expectedOf(key: string, sent: Sent, { expectedName, specOf }: InputContext): string | undefined {
  if (key === "name") return expectedName;
  if (typeof sent.name !== "string") return undefined;
  const spec = specOf(sent.name);
  return isProblem(spec) ? undefined : spec.datatype;
}

function readData(cursor: Cursor, sent: Sent, context: InputContext): Problem | undefined {
  if (sent.dataAt !== undefined && sent.data === undefined) {
    // The last one counts, as in JSON.parse, but the one before was never checked.
    const mistake = skipValue(sent.dataAt);
    if (mistake !== undefined) return mistake;
  }
  sent.dataAt = { ...cursor };
  sent.data = undefined;
  const isArray = peek(cursor) === openBracket;
  const isKnown = sent.name !== undefined && sent.datatype !== undefined && sent.shape !== undefined;
  const head = isArray && isKnown ? headOf(sent, context) : undefined;
  if (head === undefined || isProblem(head)) return isArray ? delimit(cursor) : skipValue(cursor);
  const data = readElements(cursor, head.spec, head.shape, "data");
  sent.head = head;
  if (!isProblem(data)) {
    sent.data = data;
    return undefined;
  }
  // Refused at the end, when no other shape or data has come.
  cursor.at = sent.dataAt.at;
  cursor.depth = sent.dataAt.depth;
  return skipValue(cursor);
}

function headOf({ name, datatype, shape }: Sent, { label, specOf }: InputContext): Head | Problem {
  if (typeof name !== "string") return problems.wrongField(`${label}.name`, name, "a string");
  const spec = specOf(name);
  if (isProblem(spec)) return spec;
  if (datatype !== spec.datatype) return tensorProblems.wrongDatatype(name, datatype, spec.datatype);
  const sizes = readShape(name, shape);
  if (isProblem(sizes)) return sizes;
  return checkShape(spec, sizes) ?? { spec, shape: sizes };
}

function dataOf(sent: Sent, { spec, shape }: Head, { readBinary }: InputContext): TensorData | Problem {
  const { dataAt, binarySize } = sent;
  const name = (): string => JSON.stringify(spec.name);
  if (binarySize !== undefined) {
    if (dataAt !== undefined) return problems.conflictingFields(`data and binary_data_size of input ${name()}`);
    if (typeof binarySize !== "number" || !Number.isSafeInteger(binarySize) || binarySize < 0) {
      return problems.wrongField(`binary_data_size of input ${name()}`, binarySize, "a number of bytes");
    }
    return readBinary(spec, shape, binarySize);
  }
  if (dataAt === undefined) return problems.missingField(`data of input ${name()}`, "an array");
  if (sent.data !== undefined) return sent.data;
  if (peek(dataAt) === openBracket) return readElements(dataAt, spec, shape, "data");
  const value = readValue(dataAt);
  return isProblem(value) ? value : problems.wrongField(`data of input ${name()}`, value, "an array");
}

/** A string, which is likely `expected`, or whatever else stands there. */
function readWord(cursor: Cursor, expected: string | undefined): unknown {
  return expected !== undefined && peek(cursor) === quote && isNext(cursor, expected) ? expected : readValue(cursor);
}

/** The elements of an array for {@link readShape}; one more than a shape may have at most. Else whatever stands there. */
function readSizes(cursor: Cursor): unknown {
  if (peek(cursor) !== openBracket) return readValue(cursor);
  const mistake = open(cursor);
  if (mistake !== undefined) return mistake;
  const sizes: unknown[] = [];
  for (;;) {
    const more = nextElement(cursor, sizes.length === 0);
    if (isProblem(more)) return more;
    if (!more) return sizes;
    const size = readSize(cursor);
    if (isProblem(size)) return size;
    sizes.push(size);
    if (sizes.length > maximumRank) {
      const count = skipElements(cursor, sizes.length);
      return isProblem(count) ? count : sizes;
    }
  }
}

/** Most are a few digits. */
function readSize(cursor: Cursor): unknown {
  const { bytes, at } = cursor;
  let end = at;
  let size = 0;
  while (end < at + shortDigits && isDigit(bytes[end])) size = size * 10 + ((bytes[end++] as number) - 0x30);
  const isWhole = end > at && (bytes[end] === comma || bytes[end] === closeBracket);
  if (!isWhole || (bytes[at] === 0x30 && end > at + 1)) return readValue(cursor);
  cursor.at = end;
  return size;
}

const shortDigits = 9;
