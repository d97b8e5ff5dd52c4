/** A string of a tensor of floats: "NaN", "Infinity" or "-Infinity". bigint: an integer that a number would change. */
export type Value = number | bigint | boolean | string;

export interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** Row by row. */
  readonly data: readonly Value[];
}

/** Outputs of an answer of the Open Inference Protocol (V2), with every digit of 64-bit integers. */
export function readOutputs(json: string): readonly Output[] {
  const answer = JSON.parse(json, keepDigits) as { readonly outputs: readonly Output[] };
  return answer.outputs;
}

/** A reviver (TC39 "JSON.parse source text access"); a browser without it shows long integers rounded. */
function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  const isInexact = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
  return isInexact && source !== undefined && /^-?\d{1,20}$/.test(source) ? BigInt(source) : value;
}

/** Elements that are one vector: the only ones of the output, or of its one row. Undefined for anything else. */
export function vectorOf({ shape, data, datatype }: Output): readonly number[] | undefined {
  const long = shape.filter((size) => size !== 1);
  if (long.length !== 1 || data.length < 2 || !/^(?:FP|U?INT)/.test(datatype)) return undefined;
  // A bar has to end somewhere: an infinity has no place among others.
  return data.map((value) => (Number.isFinite(Number(value)) ? Number(value) : Number.NaN));
}

export interface Ranked {
  readonly index: number;
  readonly value: number;
  /** Length of the bar, 0 to 1. */
  readonly part: number;
}

/** The largest values, the largest first. Bars are whole for 1 where all are probabilities, for the largest elsewhere. */
export function largest(values: readonly number[], count: number): readonly Ranked[] {
  const ranked = values
    .map((value, index) => ({ index, value }))
    .filter(({ value }) => !Number.isNaN(value))
    .toSorted((a, b) => b.value - a.value || a.index - b.index);
  const highest = ranked[0]?.value ?? 0;
  const lowest = Math.min(0, ranked.at(-1)?.value ?? 0);
  const isProbability = areProbabilities(values);
  const whole = isProbability ? 1 : highest - lowest || 1;
  return ranked.slice(0, count).map(({ index, value }) => ({
    index,
    value,
    part: isProbability ? value : (value - lowest) / whole,
  }));
}

/** None beyond 0 to 1, and 1 together, but for what rounding does to half floats. */
export function areProbabilities(values: readonly number[]): boolean {
  const sum = values.reduce((total, value) => total + value, 0);
  return Math.abs(sum - 1) < 0.01 && values.every((value) => value >= 0 && value <= 1.001);
}

/** Rows of the last dimension, as far as they are shown. */
export function rowsOf({ shape, data }: Output, rows: number, columns: number): readonly (readonly Value[])[] {
  const length = shape.at(-1) ?? 1;
  const count = length === 0 ? 0 : data.length / length;
  return Array.from({ length: Math.min(rows, count) }, (_, row) =>
    data.slice(row * length, row * length + Math.min(columns, length)),
  );
}

/** Where a row stands: its indexes in all dimensions but the last, as `0, 3`. */
export function rowName(shape: readonly number[], row: number): string {
  const indexes: number[] = [];
  let rest = row;
  for (const size of shape.slice(0, -1).toReversed()) {
    indexes.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return indexes.join(", ");
}

/** A value as people read it: floats with six digits. */
export function valueText(value: Value, datatype: string): string {
  if (typeof value === "number" && datatype.startsWith("FP")) return String(Number(value.toPrecision(6)));
  return String(value);
}

/** Names of the elements of a vector: one on a line, or an array of strings as JSON. */
export function labelsOf(text: string): readonly string[] {
  const trimmed = text.trim();
  if (trimmed.startsWith("[")) {
    try {
      return (JSON.parse(trimmed) as unknown[]).map(String);
    } catch {
      // No JSON after all: a first label may begin with a bracket.
    }
  }
  return trimmed === "" ? [] : trimmed.split(/\r?\n/).map((line) => line.trim());
}

/** Text short enough to be shown. */
export function shortened(text: string, characters: number): string {
  if (text.length <= characters) return text;
  return `${text.slice(0, characters)}\n… and ${(text.length - characters).toLocaleString("en")} more characters`;
}
