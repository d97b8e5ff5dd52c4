import { isProblem, type Problem } from "../../errors.ts";
import { show } from "../../show.ts";
import { tensorProblems } from "../../tensor-problems.ts";
import { closeBracket, comma, isSpace, openBracket } from "../../json/byte.ts";
import { type Cursor, open, peek, skipSpace, unexpected } from "../../json/cursor.ts";
import { base64Fault, base64Key } from "../../json/read-base64.ts";
import { nextElement } from "../../json/read-members.ts";
import { readValue, skipArray, skipElements } from "../../json/read-value.ts";
import { codecs, elementCount, type TensorData, type TensorSpec } from "../../tensor.ts";
import { gather, gathered, type Gathering, gatherShape, unknownSize } from "./gathering.ts";

/**
 * Elements of a tensor whose shape is said beside them: flat, or nested as the shape is. The cursor is at the array.
 * `shape` must have passed {@link readShape}; `label` names the value in messages. Nothing is allocated that the body
 * cannot fill: a small body cannot claim a large tensor.
 */
export function readElements(
  cursor: Cursor,
  spec: TensorSpec,
  shape: readonly number[],
  label: string,
): TensorData | Problem {
  const count = elementCount(shape);
  if (count === undefined) return tensorProblems.badShape(spec.name, `[${shape.join(",")}] has too many elements`);
  const isFlat = shape.length <= 1 || !opensTwice(cursor);
  const gathering = gatherShape(spec, label, shape, count, isFlat, cursor);
  if (gathering === undefined) {
    const found = skipArray(cursor);
    if (isProblem(found)) return found;
    return isFlat
      ? tensorProblems.wrongCount(spec.name, found, shape, count)
      : tensorProblems.ragged(spec.name, label, `an array of ${found}`, `one of [${shape.join(",")}]`);
  }
  return readNested(cursor, gathering, 0) ?? gathered(gathering);
}

/**
 * Reads one value into `gathering`, nested as its shape is from the dimension `depth` on. Sizes that are unknown become
 * those of the first arrays; all others must have the same. The cursor is at the value, and behind it afterwards.
 */
export function readNested(cursor: Cursor, gathering: Gathering, depth: number): Problem | undefined {
  const isArray = peek(cursor) === openBracket;
  if (gathering.rank === unknownSize && !isArray) gathering.rank = depth;
  if (depth === gathering.rank) return readOne(cursor, gathering, depth);
  if (!isArray) return refuseScalar(cursor, gathering, depth);

  const mistake = open(cursor);
  if (mistake !== undefined) return mistake;
  const byte = skipSpace(cursor);
  if (gathering.rank === unknownSize && byte !== openBracket) gathering.rank = depth + 1;
  const count =
    gathering.rank === depth + 1 ? readRow(cursor, gathering, depth, byte) : readParts(cursor, gathering, depth);
  if (typeof count !== "number") return count;
  const size = gathering.shape[depth] ?? unknownSize;
  if (size === unknownSize) gathering.shape[depth] = count;
  else if (size !== count) return wrongSize(gathering, depth, count);
  return undefined;
}

/** Where reading is in the first `depth` dimensions, for messages. */
function placeOf({ label, key, positions }: Gathering, depth: number): string {
  const indexes = positions.slice(0, depth).map((position) => `[${position}]`);
  return `${label}${indexes.slice(0, 1).join("")}${key}${indexes.slice(1).join("")}`;
}

/** A single value, outside of any array or as the row of a column. */
function readOne(cursor: Cursor, gathering: Gathering, depth: number): Problem | undefined {
  const next = gather(gathering, cursor, gathering.length + 1);
  return next < 0 ? refuse(cursor, gathering, placeOf(gathering, depth)) : undefined;
}

/** The values of one array without arrays in it; how many there are. */
function readRow(cursor: Cursor, gathering: Gathering, depth: number, first: number): number | Problem {
  const size = gathering.shape[depth] ?? unknownSize;
  const start = gathering.length;
  const limit = size === unknownSize ? Infinity : start + size;
  for (let byte = first; byte !== closeBracket; byte = peek(cursor)) {
    if (gathering.length === limit) return countAll(cursor, gathering, depth, size);
    if (gathering.length > start) {
      if (byte !== comma) return unexpected(cursor);
      cursor.at += 1;
      skipSpace(cursor);
    }
    const next = gather(gathering, cursor, limit);
    if (next < 0) return refuse(cursor, gathering, `${placeOf(gathering, depth)}[${~next - start}]`);
  }
  cursor.at += 1;
  cursor.depth -= 1;
  return gathering.length - start;
}

/** The arrays of one array; how many there are. */
function readParts(cursor: Cursor, gathering: Gathering, depth: number): number | Problem {
  const size = gathering.shape[depth] ?? unknownSize;
  for (let count = 0; ; count++) {
    if (count === size && peek(cursor) !== closeBracket) return countAll(cursor, gathering, depth, count);
    const more = nextElement(cursor, count === 0);
    if (isProblem(more)) return more;
    if (!more) return count;
    gathering.positions[depth] = count;
    const mistake = readNested(cursor, gathering, depth + 1);
    if (mistake !== undefined) return mistake;
    skipSpace(cursor);
  }
}

/** That an array has more than the `count` elements that were read. */
function countAll(cursor: Cursor, gathering: Gathering, depth: number, count: number): Problem {
  const total = skipElements(cursor, count);
  return isProblem(total) ? total : wrongSize(gathering, depth, total);
}

function wrongSize(gathering: Gathering, depth: number, count: number): Problem {
  const { spec, flatShape, shape } = gathering;
  const size = shape[depth] ?? 0;
  if (flatShape !== undefined) return tensorProblems.wrongCount(spec.name, count, flatShape, size);
  return tensorProblems.ragged(spec.name, placeOf(gathering, depth), `an array of ${count}`, `one of ${size}`);
}

function refuseScalar(cursor: Cursor, gathering: Gathering, depth: number): Problem {
  const value = readValue(cursor);
  if (isProblem(value)) return value;
  const size = gathering.shape[depth] ?? 0;
  return tensorProblems.ragged(gathering.spec.name, placeOf(gathering, depth), show(value), `an array of ${size}`);
}

function refuse(cursor: Cursor, { spec, takesBase64 }: Gathering, place: string): Problem {
  const wrong = takesBase64 && spec.datatype === "BYTES" ? base64Fault(cursor) : undefined;
  const value = readValue(cursor);
  if (isProblem(value)) return value;
  const { takes } = codecs[spec.datatype];
  if (!takesBase64 || spec.datatype !== "BYTES") return tensorProblems.wrongElement(spec.name, place, value, takes);
  if (wrong === undefined) {
    return tensorProblems.wrongElement(
      spec.name,
      place,
      value,
      `${takes}, also as {"${base64Key}": base64 of their UTF-8}`,
    );
  }
  const allowed = `base64 of the UTF-8 of a text without U+0000, and this ${wrong.fault}`;
  return tensorProblems.wrongElement(spec.name, `${place}.${base64Key}`, wrong.text, allowed);
}

/** Whether the first element of the array at the cursor is an array. */
function opensTwice({ bytes, at, length }: Cursor): boolean {
  let inside = at + 1;
  while (inside < length && isSpace(bytes[inside])) inside += 1;
  return inside < length && bytes[inside] === openBracket;
}
