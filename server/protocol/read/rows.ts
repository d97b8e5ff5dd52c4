import { isProblem, type Problem } from "../../errors.ts";
import { tensorProblems } from "../../tensor-problems.ts";
import { openBrace } from "../../json/byte.ts";
import { type Cursor, open, peek } from "../../json/cursor.ts";
import { nextElement, nextKey } from "../../json/read-members.ts";
import { skipArray } from "../../json/read-value.ts";
import type { Signature, Tensor, TensorSpec } from "../../tensor.ts";
import { finish, namesAllowed, shapeOf, wrongShape, wrongValue } from "./columns.ts";
import { readNested } from "./elements.ts";
import { gatherAny, type Gathering, unknownSize } from "./gathering.ts";
import { createNames, type Names } from "./names.ts";

export interface Rows {
  readonly rows: number;
  readonly inputs: readonly Tensor[];
}

/**
 * A list of objects from input name to value: each input's values are stacked along a new first dimension. The cursor
 * is at the array, which has an element. Every byte is looked at once, however many inputs and rows there are.
 */
export function readRows(cursor: Cursor, signature: Signature, label: string): Rows | Problem {
  const start: Cursor = { ...cursor };
  const names = createNames(signature.inputs);
  const columns = signature.inputs.map((spec) => columnOf(spec, label));
  const mistake = open(cursor);
  if (mistake !== undefined) return mistake;
  for (let row = 0; ; row++) {
    const more = nextElement(cursor, row === 0);
    if (isProblem(more)) return more;
    if (!more) return stack(columns, row);
    if (peek(cursor) !== openBrace) return wrongValue(cursor, `${label}[${row}]`, namesAllowed(signature.inputs));
    const wrong = readRow(cursor, columns, names, row, start);
    if (wrong !== undefined) return wrong;
  }
}

interface Column {
  readonly gathering: Gathering;
  /** The last row that had this input. */
  row: number;
  /** The value of the first row. */
  first: Cursor | undefined;
}

function columnOf(spec: TensorSpec, label: string): Column {
  const gathering = gatherAny(spec, label, `[${JSON.stringify(spec.name)}]`);
  gathering.shape.push(unknownSize);
  return { gathering, row: -1, first: undefined };
}

function readRow(
  cursor: Cursor,
  columns: readonly Column[],
  names: Names,
  row: number,
  start: Cursor,
): Problem | undefined {
  const mistake = open(cursor);
  if (mistake !== undefined) return mistake;
  let found = 0;
  for (let count = 0; ; count++) {
    const key = nextKey(cursor, count === 0, names.at(count));
    if (key === undefined) break;
    if (isProblem(key)) return key;
    const column = columns[names.indexOf(key, count)];
    if (column === undefined) return tensorProblems.unknownInput(key, names.all);
    if (column.row === row) return tensorProblems.duplicateInput(key);
    if (column.row !== row - 1) return tensorProblems.missingInput(key, names.all);
    found += 1;
    const wrong = readCell(cursor, column, row);
    if (wrong !== undefined) return whyNot(column, start) ?? wrong;
  }
  if (found === columns.length) return undefined;
  // What may be left out is left out of all rows or of none.
  const missing = columns.findIndex(
    ({ gathering, row: last }) => last !== row && (gathering.spec.isOptional !== true || last !== -1),
  );
  return missing === -1 ? undefined : tensorProblems.missingInput(names.all[missing] ?? "", names.all);
}

function readCell(cursor: Cursor, column: Column, row: number): Problem | undefined {
  const { gathering } = column;
  column.row = row;
  column.first ??= { ...cursor };
  gathering.positions[0] = row;
  return readNested(cursor, gathering, 1);
}

function stack(columns: readonly Column[], rows: number): Rows | Problem {
  const inputs: Tensor[] = [];
  for (const { gathering, row } of columns) {
    if (row === -1) continue;
    gathering.shape[0] = rows;
    const tensor = finish(gathering);
    if (isProblem(tensor)) return tensor;
    inputs.push(tensor);
  }
  return { rows, inputs };
}

/** Why a column as a whole has a wrong shape, so far as its first row shows. */
function whyNot({ gathering, first }: Column, start: Cursor): Problem | undefined {
  const rows = skipArray({ ...start });
  if (isProblem(rows)) return rows;
  const inside = first === undefined ? [] : shapeOf({ ...first });
  return wrongShape(gathering.spec, isProblem(inside) ? inside : [rows, ...inside]);
}
