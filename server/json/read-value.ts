import { isProblem, type Problem } from "../errors.ts";
import { asShown } from "../show.ts";
import { dot, isDigit, minus, openBrace, openBracket, quote, zero } from "./byte.ts";
import { type Cursor, open, peek, unexpected } from "./cursor.ts";
import { nextElement, nextKey } from "./read-members.ts";
import { readString, skipString } from "./read-string.ts";

/** Moves behind a value of any kind, and checks all of it. */
export function skipValue(cursor: Cursor): Problem | undefined {
  switch (peek(cursor)) {
    case quote: {
      const form = skipString(cursor);
      return isProblem(form) ? form : undefined;
    }
    case openBracket: {
      const count = skipArray(cursor);
      return isProblem(count) ? count : undefined;
    }
    case openBrace:
      return skipObject(cursor);
    default: {
      const value = readPlain(cursor);
      return isProblem(value) ? value : undefined;
    }
  }
}

/**
 * A value that is short or of no further use: scalars as they are, integers beyond 2^53 as bigint while they have at
 * most the 20 digits of 2^64, arrays and objects as a word for a message.
 */
export function readValue(cursor: Cursor): unknown {
  switch (peek(cursor)) {
    case quote:
      return readString(cursor);
    case openBracket: {
      const count = skipArray(cursor);
      if (isProblem(count)) return count;
      return asShown(count === 0 ? "an empty array" : `an array of ${count}`);
    }
    case openBrace:
      return skipObject(cursor) ?? asShown("an object");
    default:
      return readPlain(cursor);
  }
}

/** Moves behind an array and counts its elements. */
export function skipArray(cursor: Cursor): number | Problem {
  return open(cursor) ?? skipElements(cursor, 0);
}

/** Moves behind the rest of an array of which `count` elements are read, and counts all of them. */
export function skipElements(cursor: Cursor, count: number): number | Problem {
  for (let total = count; ; total++) {
    const more = nextElement(cursor, total === 0);
    if (isProblem(more)) return more;
    if (!more) return total;
    const mistake = skipValue(cursor);
    if (mistake !== undefined) return mistake;
  }
}

/** Moves behind a number, and checks that JSON allows its form; whether it is digits alone. */
function skipNumber(cursor: Cursor): boolean | Problem {
  const { bytes } = cursor;
  if (peek(cursor) === minus) cursor.at += 1;
  const first = peek(cursor);
  if (!isDigit(first)) return unexpected(cursor);
  cursor.at += 1;
  if (first !== zero) skipDigits(cursor);
  else if (isDigit(peek(cursor))) return unexpected(cursor);
  let isPlain = true;
  if (peek(cursor) === dot) {
    isPlain = false;
    cursor.at += 1;
    if (!skipDigits(cursor)) return unexpected(cursor);
  }
  if ((peek(cursor) | 0x20) === exponent) {
    isPlain = false;
    cursor.at += 1;
    const sign = bytes[cursor.at];
    if (sign === minus || sign === plus) cursor.at += 1;
    if (!skipDigits(cursor)) return unexpected(cursor);
  }
  return isPlain;
}

/** The number at the cursor, as JSON.parse has it. */
export function readNumber(cursor: Cursor): number | Problem {
  const start = cursor.at;
  const isPlain = skipNumber(cursor);
  return isProblem(isPlain) ? isPlain : Number(cursor.bytes.toString("latin1", start, cursor.at));
}

const plus = 0x2b;
const exponent = 0x65;
/** BigInt takes longer than linear time for more. */
const maximumDigits = 20;

const literals: readonly (readonly [string, boolean | null])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/** A number or a literal. */
function readPlain(cursor: Cursor): number | bigint | boolean | null | Problem {
  const start = cursor.at;
  for (const [word, value] of literals) {
    if (peek(cursor) === word.charCodeAt(0)) {
      for (let i = 0; i < word.length; i++, cursor.at++) {
        if (peek(cursor) !== word.charCodeAt(i)) return unexpected(cursor);
      }
      return value;
    }
  }
  const isPlain = skipNumber(cursor);
  if (isProblem(isPlain)) return isPlain;
  const text = cursor.bytes.toString("latin1", start, cursor.at);
  const value = Number(text);
  return isPlain && !Number.isSafeInteger(value) && text.length <= maximumDigits + 1 ? BigInt(text) : value;
}

function skipDigits(cursor: Cursor): boolean {
  const { bytes } = cursor;
  const start = cursor.at;
  while (isDigit(bytes[cursor.at])) cursor.at += 1;
  return cursor.at > start;
}

function skipObject(cursor: Cursor): Problem | undefined {
  const mistake = open(cursor);
  if (mistake !== undefined) return mistake;
  for (let isFirst = true; ; isFirst = false) {
    const key = nextKey(cursor, isFirst, []);
    if (key === undefined) return undefined;
    if (isProblem(key)) return key;
    const inside = skipValue(cursor);
    if (inside !== undefined) return inside;
  }
}
