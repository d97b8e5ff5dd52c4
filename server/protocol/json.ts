import { isUtf8 } from "node:buffer";
import { type Problem, problems } from "../errors.ts";

/** Deeper than any tensor's rank; what walks the parsed value may recurse this far without harm. */
const maximumDepth = 64;
/** Arrays and objects in one body. Each costs far more memory than its two bytes of text. */
const maximumParts = 4 * 1024 * 1024;

export type JsonObject = Readonly<Record<string, unknown>>;

/** How a body is read. */
export interface JsonOptions {
  /** Integers beyond 2^53 arrive as bigint with all their digits; everything else is as without. */
  readonly exactIntegers: boolean;
  /** What a body should be, for the message about an empty one. */
  readonly expected: string;
}

/** Parses a body whose top level must be an object. */
export function parseObject(body: Uint8Array, options: JsonOptions): JsonObject | Problem {
  if (body.length === 0) return problems.bodyEmpty(options.expected);
  if (!isUtf8(body)) return problems.notUtf8();
  const mistake = checkStructure(body);
  if (mistake !== undefined) return mistake;

  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString("utf8");
  let value: unknown;
  try {
    value = options.exactIntegers && longDigits.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return problems.notJson(error.message);
  }
  return isObject(value) ? value : problems.wrongField("the body", value, options.expected);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A field of the object itself, never one of its prototype's. */
export function field(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Fewer digits always fit a double. */
const longDigits = /\d{16}/;
/** At most the 20 digits of 2^64: BigInt takes longer than linear time for more. */
const plainInteger = /^-?\d{1,20}$/;

/** A reviver (TC39 "JSON.parse source text access") that goes back to the source where a double lost digits. */
function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  const isInexact = typeof value === "number" && !Number.isSafeInteger(value) && Number.isInteger(value);
  return isInexact && source !== undefined && plainInteger.test(source) ? BigInt(source) : value;
}

/** Bounds depth and number of arrays and objects before anything is built from them. Strings are skipped. */
function checkStructure(body: Uint8Array): Problem | undefined {
  let depth = 0;
  let parts = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (byte === quote) {
      i = endOfString(body, i);
    } else if (byte === openBracket || byte === openBrace) {
      depth += 1;
      parts += 1;
      if (depth > maximumDepth) return problems.tooDeep(maximumDepth);
      if (parts > maximumParts) return problems.tooManyParts(maximumParts);
    } else if (byte === closeBracket || byte === closeBrace) {
      depth -= 1;
    }
  }
  return undefined;
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Index of the quote that ends the string begun at `start`, or the length of a body that ends inside it. */
function endOfString(body: Uint8Array, start: number): number {
  let i = start + 1;
  while (i < body.length && body[i] !== quote) i += body[i] === backslash ? 2 : 1;
  return i;
}
