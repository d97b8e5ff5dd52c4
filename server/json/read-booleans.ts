import { comma, openBrace, openBracket, quote } from "./byte.ts";
import { type Cursor, peek, skipSpace } from "./cursor.ts";
import { readValue } from "./read-value.ts";

/** Reads true, false, 1 and 0 of an array as 1 and 0, and stops as {@link readFloats} does. */
export function readBooleans(cursor: Cursor, target: Uint8Array, start: number, limit: number): number {
  for (let index = start; ; ) {
    const begin = cursor.at;
    const value = isScalar(peek(cursor)) ? readValue(cursor) : undefined;
    if (value !== true && value !== false && value !== 0 && value !== 1) {
      cursor.at = begin;
      return ~index;
    }
    target[index++] = Number(value);
    if (skipSpace(cursor) !== comma || index === limit) return index;
    cursor.at += 1;
    skipSpace(cursor);
  }
}

/** A letter, a digit or a sign: nothing that opens more. */
function isScalar(byte: number): boolean {
  return byte !== openBracket && byte !== openBrace && byte !== quote;
}
