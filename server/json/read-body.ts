import { isProblem, type Problem, problems } from "../errors.ts";
import { openBrace } from "./byte.ts";
import { createCursor, type Cursor, open, peek, skipSpace, unexpected } from "./cursor.ts";
import { nextKey } from "./read-members.ts";
import { readValue, skipValue } from "./read-value.ts";

/** Reads the value of a key, and leaves the cursor behind it unless it refuses the value. */
export type ReadField = (cursor: Cursor, key: string) => Problem | undefined;

/**
 * Reads a body that must be an object. `readField` is called for each key of `fields`, of which there are at most 31, as
 * often as it stands there; all others are read past. What it refuses counts when no later value of the same key is taken, as only the last one would
 * be seen by JSON.parse, and when the body is JSON to its end. `expected` says what a body should be, for messages.
 */
export function readBody(
  body: Uint8Array,
  expected: string,
  fields: readonly string[],
  readField: ReadField,
): Problem | undefined {
  if (body.length === 0) return problems.bodyEmpty(expected);
  const cursor = createCursor(body);
  if (peek(cursor) !== openBrace) {
    const value = readValue(cursor);
    return isProblem(value) ? value : (atEnd(cursor) ?? problems.wrongField("the body", value, expected));
  }
  return readObject(cursor, fields, readField) ?? atEnd(cursor);
}

/** Reads the object that the cursor is at, as {@link readBody} reads the outermost. */
export function readObject(cursor: Cursor, fields: readonly string[], readField: ReadField): Problem | undefined {
  const mistake = open(cursor);
  if (mistake !== undefined) return mistake;
  let refused: Map<string, Problem> | undefined;
  let seen = 0;
  let repeats = 0;
  for (let isFirst = true; ; isFirst = false) {
    const key = nextKey(cursor, isFirst, fields);
    if (key === undefined) return refused?.values().next().value;
    if (isProblem(key)) return key;
    const { at, depth } = cursor;
    const index = fields.indexOf(key);
    const bit = index === -1 ? 0 : 1 << index;
    if ((seen & bit) !== 0 && ++repeats > maximumRepeats) return problems.repeatedField(key, maximumRepeats);
    seen |= bit;
    const refusal = index === -1 ? undefined : readField(cursor, key);
    if (refusal === undefined && cursor.at > at) {
      refused?.delete(key);
      continue;
    }
    cursor.at = at;
    cursor.depth = depth;
    const broken = skipValue(cursor);
    if (broken !== undefined) return broken;
    if (refusal !== undefined) (refused ??= new Map<string, Problem>()).set(key, refusal);
  }
}

/** Reading a field may cost more than its bytes: room for a tensor, a list of all inputs. Few say one twice. */
const maximumRepeats = 8;

function atEnd(cursor: Cursor): Problem | undefined {
  skipSpace(cursor);
  return cursor.at < cursor.length ? unexpected(cursor) : undefined;
}
