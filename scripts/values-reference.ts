/** What the comments in values.yaml say, as a table. */
import { load } from "js-yaml";

export interface ValueEntry {
  /** With dots between the keys. */
  readonly path: string;
  readonly description: string;
  /** As JSON, which is YAML; undefined for a group, whose parts have their own entries. */
  readonly defaultValue: string | undefined;
}

interface KeyLine {
  readonly path: readonly string[];
  readonly comment: readonly string[];
  readonly hasCommentsWithin: boolean;
}

/**
 * Every value with its description: the comment above its key. A map is a group when comments stand inside of it, and
 * may then do without one; else it is a value.
 */
export function valueEntries(text: string): readonly ValueEntry[] {
  const values = load(text);
  const entries: ValueEntry[] = [];
  let leaf: readonly string[] = [];
  for (const { path, comment, hasCommentsWithin } of keyLines(text.split("\n"))) {
    if (leaf.length > 0 && leaf.every((key, index) => path[index] === key)) continue;
    const name = path.join(".");
    if (comment.length === 0 && !hasCommentsWithin) {
      throw new Error(`values.yaml: ${name} has no description: write a comment above it`);
    }
    if (!hasCommentsWithin) leaf = path;
    if (comment.length === 0) continue;
    const defaultValue = hasCommentsWithin ? undefined : JSON.stringify(at(values, path));
    entries.push({ path: name, description: comment.join(" "), defaultValue });
  }
  return entries;
}

export function valuesTable(entries: readonly ValueEntry[]): string {
  const rows = entries.map(
    ({ path, description, defaultValue }) =>
      `| \`${path}\` | ${defaultValue === undefined ? "" : `\`${cell(defaultValue)}\``} | ${cell(description)} |`,
  );
  return ["| Value | Default | What it is |", "|---|---|---|", ...rows].join("\n");
}

/** `text` with what lies between the two markers replaced; a text without them is a mistake. */
export function withBlock(text: string, name: string, block: string): string {
  const [begin, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`the markers ${begin} and ${end} are missing`);
  return `${text.slice(0, from + begin.length)}\n${block}\n${text.slice(to)}`;
}

function keyLines(lines: readonly string[]): KeyLine[] {
  const found: KeyLine[] = [];
  const open: { readonly indent: number; readonly key: string }[] = [];
  let comment: string[] = [];
  for (const [index, line] of lines.entries()) {
    const said = /^\s*# ?(.*)$/.exec(line)?.[1];
    const [, spaces, key] = /^(\s*)([A-Za-z_]+):/.exec(line) ?? [];
    if (said !== undefined) comment.push(said.trim());
    else if (spaces === undefined || key === undefined) comment = [];
    else {
      const indent = spaces.length;
      while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
      open.push({ indent, key });
      found.push({
        path: open.map((each) => each.key),
        comment,
        hasCommentsWithin: within(lines.slice(index + 1), indent).some((each) => each.trimStart().startsWith("#")),
      });
      comment = [];
    }
  }
  return found;
}

/** The lines that are indented deeper, up to the first that is not; blank lines end a group in our values. */
function within(lines: readonly string[], indent: number): readonly string[] {
  const end = lines.findIndex((line) => line.trim() === "" || line.length - line.trimStart().length <= indent);
  return end === -1 ? lines : lines.slice(0, end);
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((found, key) => (found as Readonly<Record<string, unknown>>)[key], value);
}

/** A line is a row, and a bar a border. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
