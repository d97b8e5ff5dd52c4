import { styleText } from "node:util";
import type { Terminal } from "../edge.ts";

/** Ways to set text off. Without colour every one of them gives the text back as it is. */
export interface Style {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warning: (text: string) => string;
}

/** Colour only on a terminal that can show it, and never against NO_COLOR (no-color.org: set and not empty). */
export function hasColour(
  { isTerminal }: Pick<Terminal, "isTerminal">,
  variables: Readonly<Record<string, string | undefined>>,
): boolean {
  return isTerminal && (variables["NO_COLOR"] ?? "") === "" && variables["TERM"] !== "dumb";
}

export function styleOf(colour: boolean): Style {
  const as =
    (format: Parameters<typeof styleText>[0]) =>
    (text: string): string =>
      // Whether there is colour has been decided above; styleText would look at the process once more.
      colour ? styleText(format, text, { validateStream: false }) : text;
  return { strong: as("bold"), faint: as("dim"), good: as("green"), bad: as("red"), warning: as("yellow") };
}
