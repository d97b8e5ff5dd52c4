import type { Line } from "./figure.ts";

const columns = [
  { title: "FIGURE", of: ({ title }: Line) => title },
  { title: "VALUE", of: ({ value }: Line) => value },
  { title: "TARGET", of: ({ target }: Line) => target || "printed" },
  { title: "FLOOR", of: ({ floor }: Line) => floor || "-" },
  { title: "COMMAND", of: ({ command }: Line) => command },
] as const;

/** One line a figure, the columns as wide as they need to be; what could not be measured is told below. */
export function tableOf(lines: readonly Line[]): string {
  const rows = [columns.map(({ title }) => title), ...lines.map((line) => columns.map(({ of }) => of(line)))];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const failures = lines.flatMap(({ name, error }) => (error === undefined ? [] : [`${name} not measured: ${error}`]));
  return `${[...table, ...failures].join("\n")}\n`;
}
