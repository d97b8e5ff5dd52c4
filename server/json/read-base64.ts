import { isUtf8 } from "node:buffer";
import { isProblem } from "../errors.ts";
import { closeBrace, colon, openBrace, quote } from "./byte.ts";
import { type Cursor, peek, skipSpace } from "./cursor.ts";
import { isNext, readString } from "./read-string.ts";

/** The key that tells such an object from others. */
export const base64Key = "b64";

/** Whether the object at the cursor begins as one that {@link readBase64} reads. */
export function isBase64Next(cursor: Cursor): boolean {
  return peek(cursor) === openBrace && enterBase64({ ...cursor });
}

/**
 * The text that `{"b64": "…"}` stands for, as TensorFlow Serving's REST API writes strings: base64 of RFC 4648, section 4,
 * with padding or without, of UTF-8; what `base64` and Python's `encodebytes` break into lines may stay so, as it may there. Undefined: the cursor is at something else, or at bytes that are no UTF-8; it has not
 * moved then.
 */
export function readBase64(cursor: Cursor): string | undefined {
  const { at } = cursor;
  const text = enterBase64(cursor) && peek(cursor) === quote ? readString(cursor) : undefined;
  const bytes = text === undefined || isProblem(text) ? undefined : decode(text);
  if (bytes === undefined || !isUtf8(bytes) || skipSpace(cursor) !== closeBrace) {
    cursor.at = at;
    return undefined;
  }
  cursor.at += 1;
  return bytes.toString("utf8");
}

/** Moves to the value of the key; false where there is another one. */
function enterBase64(cursor: Cursor): boolean {
  cursor.at += 1;
  if (skipSpace(cursor) !== quote || !isNext(cursor, base64Key) || skipSpace(cursor) !== colon) return false;
  cursor.at += 1;
  skipSpace(cursor);
  return true;
}

/** What is wrong with the text at the cursor that {@link readBase64} does not read; undefined: it is another kind of value. */
export function base64Fault(cursor: Cursor): { readonly text: string; readonly fault: string } | undefined {
  const at = { ...cursor };
  const text = peek(at) === openBrace && enterBase64(at) && peek(at) === quote ? readString(at) : undefined;
  if (text === undefined || isProblem(text) || skipSpace(at) !== closeBrace) return undefined;
  const bytes = decode(text);
  if (bytes !== undefined) return { text, fault: isUtf8(bytes) ? "has U+0000" : "stands for bytes that are not UTF-8" };
  const isUrlSafe = decode(text.replaceAll("-", "+").replaceAll("_", "/")) !== undefined;
  const fault = isUrlSafe ? 'has "-" and "_" in place of "+" and "/"' : "is no base64 (RFC 4648, section 4)";
  return { text, fault };
}

/** Node's own decoder reads past whatever is no base64. */
function decode(given: string): Buffer | undefined {
  const text = given.replaceAll(/[ \t\r\n]+/g, "");
  const digits = text.replace(/={1,2}$/, "");
  const isPadded = digits.length < text.length;
  if (digits.length % 4 === 1 || (isPadded && text.length % 4 !== 0) || /[^A-Za-z0-9+/]/.test(digits)) return undefined;
  return Buffer.from(digits, "base64");
}
