import type { Style } from "../../text/style.ts";
import { tableLines } from "../../text/table.ts";
import type { Output } from "./output.ts";

export interface ShowOptions {
  readonly top: number;
  readonly labels: readonly string[] | undefined;
}

const floats = ["FP16", "BF16", "FP32", "FP64"];
/** Two is the fewest that a classifier chooses from. */
const fewestClasses = 2;
/** An output that is no classifier's is told by its first values. */
const shownValues = 12;

/** Every output: a classifier's with its likeliest classes, others with their first values. */
export function outputsText(outputs: readonly Output[], options: ShowOptions, style: Style): string {
  return outputs.map((output) => `${outputLines(output, options, style).join("\n")}\n`).join("\n");
}

function outputLines(output: Output, { top, labels }: ShowOptions, style: Style): string[] {
  const { name, datatype, shape, data } = output;
  const head = `${style.strong(name)}  ${datatype}  [${shape.join(", ")}]`;
  const rows = classRows(output);
  if (rows === undefined) {
    const more = data.length > shownValues ? `, and ${data.length - shownValues} more` : "";
    return [head, `  ${data.slice(0, shownValues).join(", ")}${more}`];
  }
  const named = labels === undefined ? [] : ["LABEL"];
  const isBatch = rows.length > 1;
  const table = rows.flatMap((scores, row) =>
    ranked(scores)
      .slice(0, top)
      .map((index) => [
        ...(isBatch ? [String(row)] : []),
        String(index),
        ...(labels === undefined ? [] : [labels[index] ?? ""]),
        shortened(scores[index] ?? ""),
      ]),
  );
  const titles = [...(isBatch ? ["ROW"] : []), "CLASS", ...named, "SCORE"];
  return [head, ...tableLines(titles, table, style).map((line) => `  ${line}`)];
}

/** `[classes]` or `[rows, classes]` of floats: what a classifier gives. Undefined for anything else. */
export function classRows({ datatype, shape, data }: Output): readonly (readonly string[])[] | undefined {
  const [rows, classes] = shape.length === 2 ? [shape[0] ?? 0, shape[1] ?? 0] : [1, shape[0] ?? 0];
  if (shape.length < 1 || shape.length > 2 || !floats.includes(datatype) || classes < fewestClasses) return undefined;
  if (rows * classes !== data.length || rows === 0) return undefined;
  return Array.from({ length: rows }, (_, row) => data.slice(row * classes, (row + 1) * classes));
}

/** Indices by score, the highest first; what is no number comes last. */
function ranked(scores: readonly string[]): number[] {
  const value = (index: number): number => {
    const score = Number(scores[index]);
    return Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score;
  };
  return scores.map((_, index) => index).toSorted((left, right) => value(right) - value(left) || left - right);
}

/** Six digits tell scores apart. */
function shortened(score: string): string {
  const value = Number(score);
  return Number.isNaN(value) ? score : String(Number(value.toPrecision(6)));
}
