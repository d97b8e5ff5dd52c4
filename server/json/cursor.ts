import { isUtf8 } from "node:buffer";
import { type Problem, problems } from "../errors.ts";
import { closeBrace, isSpace } from "./byte.ts";

/** A place in a body of JSON (RFC 8259). Readers move it: behind what they have read, or to what they do not take. */
export interface Cursor {
  /** Behind `length` lies nothing, or a byte that no value takes: loops over digits and spaces stop by themselves. */
  readonly bytes: Buffer;
  /** Of the same bytes, for several of them at once. */
  readonly view: DataView;
  /** Where the JSON ends; spaces behind it do not count. */
  readonly length: number;
  at: number;
  /** Arrays and objects that are open. */
  depth: number;
}

/** Deeper than any tensor's rank; what reads values may recurse this far without harm. */
const maximumDepth = 64;

/** At the first byte of the value, spaces and a byte order mark left behind. */
export function createCursor(body: Uint8Array): Cursor {
  let length = body.length;
  while (length > 0 && isSpace(body[length - 1])) length -= 1;
  const bytes = body[length - 1] === closeBrace ? asBuffer(body) : withEnd(body, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const hasMark = length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const cursor: Cursor = { bytes, view, length, at: hasMark ? 3 : 0, depth: 0 };
  skipSpace(cursor);
  return cursor;
}

/** Where a run of elements meets one that it does not take: the cursor stands before it, and the result says its index. */
export function stop(cursor: Cursor, at: number, index: number): number {
  cursor.at = at;
  return ~index;
}

/** The byte at the cursor; 0, which no value takes, at the end. */
export function peek({ bytes, at, length }: Cursor): number {
  return at < length ? (bytes[at] ?? 0) : 0;
}

/** Moves to the next byte that is no space, and returns it; 0 at the end. */
export function skipSpace(cursor: Cursor): number {
  const { bytes, length } = cursor;
  let { at } = cursor;
  while (at < length && isSpace(bytes[at])) at += 1;
  cursor.at = at;
  return at < length ? (bytes[at] ?? 0) : 0;
}

/** Enters the array or object whose bracket the cursor is at. */
export function open(cursor: Cursor): Problem | undefined {
  if (cursor.depth === maximumDepth) return problems.tooDeep(maximumDepth);
  cursor.depth += 1;
  cursor.at += 1;
  return undefined;
}

/** That the byte at the cursor has no place there. */
export function unexpected(cursor: Cursor): Problem {
  const { bytes, at, length } = cursor;
  if (at >= length) return problems.notJson(`it ends after ${length} bytes, in the middle of a value`);
  const byte = bytes[at] ?? 0;
  if (byte >= 0x80 && !isUtf8(bytes)) return problems.notUtf8();
  // A character has at most 4 bytes, and the first one of the text is whole.
  const character =
    byte < 0x80 ? String.fromCharCode(byte) : [...bytes.toString("utf8", at, at + 4)].slice(0, 1).join("");
  const isNonFinite = byte === 0x4e || byte === 0x49;
  return problems.notJson(`unexpected ${JSON.stringify(character)} at byte ${at}${isNonFinite ? nonFinite : ""}`);
}

const nonFinite =
  '; NaN and Infinity have no form of their own in JSON: send the strings "NaN", "Infinity", "-Infinity"';

function asBuffer(body: Uint8Array): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.length);
}

/** No object ends like this. It is copied once for the sake of a message, with a byte at its end that stops loops. */
function withEnd(body: Uint8Array, length: number): Buffer {
  const bytes = Buffer.alloc(length + 1);
  bytes.set(body.subarray(0, length));
  return bytes;
}
