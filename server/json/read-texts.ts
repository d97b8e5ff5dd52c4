import { comma, openBrace, quote } from "./byte.ts";
import { type Cursor, peek, skipSpace } from "./cursor.ts";
import { readBase64 } from "./read-base64.ts";
import { readString } from "./read-string.ts";

/**
 * Reads strings of an array into `target`, and stops as {@link readFloats} does. ONNX Runtime's binding cuts a string at
 * U+0000 and replaces half a surrogate pair, both without a word: neither is taken. `takesBase64`: so is what
 * {@link readBase64} reads.
 */
export function readTexts(
  cursor: Cursor,
  target: string[],
  start: number,
  limit: number,
  takesBase64: boolean,
): number {
  for (let index = start; ; ) {
    const begin = cursor.at;
    const byte = peek(cursor);
    const isBase64 = takesBase64 && byte === openBrace;
    const text = byte === quote ? readString(cursor) : isBase64 ? readBase64(cursor) : undefined;
    if (typeof text !== "string" || !isText(text)) {
      cursor.at = begin;
      return ~index;
    }
    target[index++] = text;
    if (skipSpace(cursor) !== comma || index === limit) return index;
    cursor.at += 1;
    skipSpace(cursor);
  }
}

/** Whether ONNX Runtime keeps a string as it is. */
export function isText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}
