import { shortNumber } from "../markdown-table.ts";

/** What the project holds its server to, and how it stands. */
export interface GoalLine {
  readonly goal: string;
  readonly measured: string;
  readonly target: string;
  readonly verdict: "met" | "lost" | "not measured";
}

/** What a reading is held against, in the unit of its line. */
export interface Target {
  readonly relation: "≤" | "<" | "≥";
  readonly value: number;
  readonly unit: string;
}

/** A figure, and in words what it was taken of; undefined: not measured. */
export interface Figure {
  readonly value: number;
  readonly detail?: string;
}

export function goalLine(goal: string, target: Target, figure: Figure | undefined): GoalLine {
  const { relation, value, unit } = target;
  const limit = `${relation} ${value}${unit}`;
  if (figure === undefined) return { goal, measured: "-", target: limit, verdict: "not measured" };
  const read = Number.isInteger(figure.value) ? String(figure.value) : shortNumber(figure.value);
  const detail = figure.detail === undefined ? "" : ` (${figure.detail})`;
  return {
    goal,
    measured: `${read}${unit}${detail}`,
    target: limit,
    verdict: isMet(target, figure.value) ? "met" : "lost",
  };
}

function isMet({ relation, value }: Target, measured: number): boolean {
  switch (relation) {
    case "≤":
      return measured <= value;
    case "<":
      return measured < value;
    case "≥":
      return measured >= value;
  }
}
