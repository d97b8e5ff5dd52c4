import { isUtf8 } from "node:buffer";
import { isProblem, type Problem, problems } from "../errors.ts";
import { backslash, quote } from "./byte.ts";
import { type Cursor, unexpected } from "./cursor.ts";

/** What has to be done to a string's bytes. */
const plain = 0;
const hasOtherThanAscii = 1;
const hasEscapes = 2;

/** The string whose opening quote the cursor is at (RFC 8259, section 7). Half a surrogate pair stays one. */
export function readString(cursor: Cursor): string | Problem {
  const start = cursor.at + 1;
  const form = skipString(cursor);
  if (isProblem(form)) return form;
  const end = cursor.at - 1;
  if (form === plain) return cursor.bytes.toString("latin1", start, end);
  const text = cursor.bytes.toString("utf8", start, end);
  return (form & hasEscapes) === 0 ? text : resolveEscapes(text);
}

/** Moves behind a string, whose opening quote the cursor is at, and says what its bytes need. */
export function skipString(cursor: Cursor): number | Problem {
  const { bytes, length } = cursor;
  const start = cursor.at + 1;
  let at = start;
  let form = plain;
  while (at < length) {
    const byte = bytes[at] as number;
    if (byte === quote) {
      cursor.at = at + 1;
      // A sequence never crosses a quote or a backslash, so each string can be checked for itself.
      return (form & hasOtherThanAscii) === 0 || isUtf8(bytes.subarray(start, at)) ? form : problems.notUtf8();
    }
    if (byte === backslash) {
      const size = escapeSize(cursor, at);
      if (isProblem(size)) return size;
      form |= hasEscapes;
      at += size;
    } else if (byte < 0x20) {
      break;
    } else {
      if (byte >= 0x80) form |= hasOtherThanAscii;
      at += 1;
    }
  }
  cursor.at = at;
  return unexpected(cursor);
}

/**
 * Whether the string at the cursor is `text`, byte by byte; if so, the cursor moves behind it. Texts that would be
 * written with escapes or beyond ASCII are never found: {@link readString} has to read them.
 */
export function isNext(cursor: Cursor, text: string): boolean {
  const { bytes } = cursor;
  const start = cursor.at + 1;
  const size = text.length;
  if (start + size >= cursor.length || bytes[start + size] !== quote) return false;
  for (let i = 0; i < size; i++) {
    const code = text.charCodeAt(i);
    if (bytes[start + i] !== code || code >= 0x80 || code < 0x20 || code === quote || code === backslash) return false;
  }
  cursor.at = start + size + 1;
  return true;
}

/** Letters behind a backslash, and what they stand for. */
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** Bytes of the escape at `at`, its backslash included. */
function escapeSize(cursor: Cursor, at: number): number | Problem {
  const { bytes, length } = cursor;
  const letter = at + 1 < length ? String.fromCharCode(bytes[at + 1] ?? 0) : "";
  if (letter in escapes) return 2;
  cursor.at = at + 1;
  if (letter !== "u") return unexpected(cursor);
  for (let i = at + 2; i < at + 6; i++) {
    cursor.at = i;
    if (i >= length || !isHexadecimal(bytes[i] ?? 0)) return unexpected(cursor);
  }
  return 6;
}

function isHexadecimal(byte: number): boolean {
  const lower = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66);
}

/** Of a text whose escapes {@link escapeSize} has found right. */
function resolveEscapes(text: string): string {
  let result = "";
  let start = 0;
  for (let at = text.indexOf("\\"); at !== -1; at = text.indexOf("\\", start)) {
    result += text.slice(start, at);
    const letter = text.charAt(at + 1);
    if (letter === "u") {
      result += String.fromCharCode(Number.parseInt(text.slice(at + 2, at + 6), 16));
      start = at + 6;
    } else {
      result += escapes[letter] ?? "";
      start = at + 2;
    }
  }
  return result + text.slice(start);
}
