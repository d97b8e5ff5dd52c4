import type { Style } from "./style.ts";

const gap = "  ";

/** Lines of a table, columns as wide as their longest cell, without blanks at the ends. */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  style: Pick<Style, "strong">,
): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) => (cells[column] ?? "").padEnd(width))
      .join(gap)
      .trimEnd();
  return [style.strong(line(head)), ...rows.map(line)];
}

/** Indented `name  value` lines with the values under each other. A value of several lines keeps its indentation. */
export function factLines(facts: readonly (readonly [name: string, value: string])[]): string[] {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => {
    const blank = " ".repeat(gap.length + width + gap.length);
    return `${gap}${name.padEnd(width)}${gap}${value.replaceAll("\n", `\n${blank}`)}`;
  });
}

/** Words filled into lines of at most `columns` characters, each after `indent`. */
export function wrapped(text: string, columns: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && indent.length + longer.length > columns) {
      lines.push(indent + line);
      line = word;
    } else line = longer;
  }
  return [...lines, indent + line].join("\n");
}
