const word = Symbol("word");

/** What stands for a value that was read past, in a message. */
export interface Shown {
  readonly [word]: string;
}

/** Arrays and objects are counted where they are read, never kept: a word for one, as "an array of 3". */
export function asShown(text: string): Shown {
  return { [word]: text };
}

/** A value of the request for a message: short, on one line, never walked in depth. */
export function show(value: unknown): string {
  if (typeof value === "object" && value !== null && word in value) return String(value[word]);
  if (typeof value === "string")
    return JSON.stringify(value.length > shownCharacters ? `${value.slice(0, shownCharacters)}…` : value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  if (value === undefined) return "nothing";
  return typeof value === "number" || typeof value === "bigint" ? value.toString() : JSON.stringify(value);
}

/** Long enough to know a value again, short enough for a log line. */
const shownCharacters = 80;
/** Names listed in a message before it says how many more there are. */
const shownNames = 16;

export function showNames(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).map(show).join(", ");
  return names.length > shownNames ? `${shown} and ${names.length - shownNames} more` : shown;
}

export function showShape(shape: readonly number[]): string {
  return `[${shape.join(",")}]`;
}

export function showShapes(shapes: readonly (readonly number[])[]): string {
  const shown = shapes.slice(0, shownNames).map(showShape).join(", ");
  return shapes.length > shownNames ? `${shown} and ${shapes.length - shownNames} more` : shown;
}
