import { isProblem, type Problem } from "../errors.ts";
import { closeBrace, closeBracket, colon, comma, quote } from "./byte.ts";
import { type Cursor, peek, skipSpace, unexpected } from "./cursor.ts";
import { isNext, readString } from "./read-string.ts";

/**
 * Whether another element follows in an array entered by {@link open}. True: the cursor is at it. False: the array is
 * left. `isFirst`: none was read yet.
 */
export function nextElement(cursor: Cursor, isFirst: boolean): boolean | Problem {
  return next(cursor, isFirst, closeBracket);
}

/**
 * The next key of an object entered by {@link open}, the cursor at its value; undefined: the object is left. A key of
 * `known` costs no new string.
 */
export function nextKey(cursor: Cursor, isFirst: boolean, known: readonly string[]): string | undefined | Problem {
  const more = next(cursor, isFirst, closeBrace);
  if (isProblem(more)) return more;
  if (!more) return undefined;
  if (peek(cursor) !== quote) return unexpected(cursor);
  const key = readKnown(cursor, known) ?? readString(cursor);
  if (isProblem(key)) return key;
  if (skipSpace(cursor) !== colon) return unexpected(cursor);
  cursor.at += 1;
  skipSpace(cursor);
  return key;
}

function next(cursor: Cursor, isFirst: boolean, closing: number): boolean | Problem {
  const byte = skipSpace(cursor);
  if (byte === closing) {
    cursor.at += 1;
    cursor.depth -= 1;
    return false;
  }
  if (isFirst) return true;
  if (byte !== comma) return unexpected(cursor);
  cursor.at += 1;
  // A comma behind the last one is none of JSON's: whoever reads a value or a key finds none.
  skipSpace(cursor);
  return true;
}

function readKnown(cursor: Cursor, known: readonly string[]): string | undefined {
  for (const name of known) {
    if (isNext(cursor, name)) return name;
  }
  return undefined;
}
