import type { ExitCode } from "./complaint.ts";
import type { Edge } from "./edge.ts";

/** One command: all that is needed to describe it, to read its arguments, and to run it. */
export interface Command {
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  /** What follows the name besides options, as the usage line shows it: `MODEL URI`. */
  readonly operands: string;
  /** Least and most number of operands. */
  readonly operandCount: readonly [least: number, most: number];
  /** Paragraphs, each wrapped by whoever shows them. */
  readonly about: readonly string[];
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly Example[];
  readonly run: (invocation: Invocation, edge: Edge) => Promise<ExitCode>;
}

export interface Option {
  readonly about: string;
  readonly short?: string;
  /** The word for its value in help; an option without one is a switch. */
  readonly value?: string;
  /** The only values that are taken. */
  readonly choices?: readonly string[];
  /** The value is a whole number from the first to the second. */
  readonly range?: readonly [least: number, most: number];
  /** The value when it is left out, for help and for the command. */
  readonly fallback?: string;
}

export interface Example {
  readonly about: string;
  readonly command: string;
}

/** The arguments of one run, checked against the command's options. Asking for an undeclared option throws. */
export interface Invocation {
  readonly operands: readonly string[];
  /** The option's value, else its fallback, else undefined. */
  readonly text: (option: string) => string | undefined;
  readonly whole: (option: string) => number | undefined;
  readonly isSet: (option: string) => boolean;
}
