import { isProblem, type Problem } from "../errors.ts";
import { closeBrace, closeBracket, openBrace, openBracket, quote } from "./byte.ts";
import { type Cursor, unexpected } from "./cursor.ts";
import { skipString } from "./read-string.ts";

/**
 * Moves behind the array that the cursor is at by its brackets alone. Whoever calls it must read or skip the array
 * later, as nothing else in it is checked: what is no JSON in it moves its end at most, and is found then.
 */
export function delimit(cursor: Cursor): Problem | undefined {
  const { bytes, length } = cursor;
  let depth = 0;
  let quiet = 0;
  let searched = 0;
  let { at } = cursor;
  while (at < length) {
    const byte = bytes[at] as number;
    at += 1;
    if (byte === openBracket || byte === openBrace) {
      depth += 1;
      quiet = 0;
    } else if (byte === closeBracket || byte === closeBrace) {
      depth -= 1;
      quiet = 0;
      if (depth === 0) {
        cursor.at = at;
        return undefined;
      }
    } else if (byte === quote) {
      cursor.at = at - 1;
      const form = skipString(cursor);
      if (isProblem(form)) return form;
      at = cursor.at;
      quiet = 0;
    } else if (++quiet >= worthALook && at >= searched) {
      const end = bytes.indexOf(closeBracket, at);
      searched = end === -1 ? length : end;
      if (isQuiet(bytes.subarray(at, searched))) at = searched;
    }
  }
  cursor.at = length;
  return unexpected(cursor);
}

/** After so many bytes of numbers more of them are likely, and a search in native code pays. Nothing is searched twice. */
const worthALook = 64;

function isQuiet(between: Uint8Array): boolean {
  return [openBracket, openBrace, closeBrace, quote].every((byte) => !between.includes(byte));
}
