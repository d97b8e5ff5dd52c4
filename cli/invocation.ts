import { parseArgs } from "node:util";
import { errorCode } from "../server/fetch/failure.ts";
import type { Command, Invocation, Option } from "./command.ts";
import { misused } from "./complaint.ts";
import { nearest } from "./text/nearest.ts";

/** Every command has it; it is read before anything else is checked. */
export const helpOption: Option = { about: "Show this text.", short: "h" };

type Values = Readonly<Record<string, string | boolean | undefined>>;

export type ParsedArguments = { readonly help: true } | { readonly help: false; readonly invocation: Invocation };

/** Reads what follows the command's name. Throws a complaint about wrong usage that names what is allowed. */
export function parseInvocation(command: Command, words: readonly string[]): ParsedArguments {
  const { values, operands } = parse(command, words);
  if (values["help"] === true) return { help: true };
  checkValues(command, values);
  const [least, most] = command.operandCount;
  if (operands.length < least || operands.length > most) {
    const given =
      operands.length === 0 ? "none were given" : `given: ${operands.map((word) => JSON.stringify(word)).join(", ")}`;
    throw misused(
      `slipway ${command.name} takes ${command.operands === "" ? "no arguments" : command.operands}; ${given}`,
    );
  }
  const declared = (option: string): Option => {
    const found = command.options[option];
    if (found === undefined) throw new Error(`slipway ${command.name} has no option ${option}`);
    return found;
  };
  const text = (option: string): string | undefined => {
    const { fallback } = declared(option);
    const value = values[option];
    return typeof value === "string" ? value : fallback;
  };
  return {
    help: false,
    invocation: {
      operands,
      text,
      whole: (option) => {
        const value = text(option);
        return value === undefined ? undefined : Number(value);
      },
      isSet: (option) => declared(option) !== undefined && values[option] !== undefined,
    },
  };
}

function parse(command: Command, words: readonly string[]): { values: Values; operands: readonly string[] } {
  const options = Object.fromEntries(
    Object.entries({ ...command.options, help: helpOption }).map(([name, { value, short }]) => [
      name,
      { type: value === undefined ? "boolean" : "string", ...(short === undefined ? {} : { short }) } as const,
    ]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
    return { values, operands: positionals };
  } catch (error) {
    throw misused(explain(command, error));
  }
}

/** Node's own words speak of parseArgs; ours of the command, and they guess what was meant. */
function explain({ name, options }: Command, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = errorCode(error);
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    const written = /'(-[^']*)'/.exec(message)?.[1] ?? "";
    const guess = written.startsWith("--") ? nearest(written.slice(2), [...Object.keys(options), "help"]) : undefined;
    return `slipway ${name} has no option ${written}${guess === undefined ? "" : `, did you mean --${guess}?`}`;
  }
  if (code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE") {
    const long = /--([a-z0-9-]+)/.exec(message)?.[1] ?? "";
    const value = options[long]?.value;
    if (value === undefined) return `--${long} is a switch and takes no value`;
    return `--${long} needs a value: --${long} ${value}`;
  }
  return message;
}

function checkValues(command: Command, values: Values): void {
  const mistakes: string[] = [];
  for (const [name, { choices, range }] of Object.entries(command.options)) {
    const value = values[name];
    if (typeof value !== "string") continue;
    if (choices !== undefined && !choices.includes(value)) {
      mistakes.push(`--${name} ${JSON.stringify(value)}: allowed are ${choices.join(", ")}`);
    }
    if (range !== undefined && !isWhole(value, range)) {
      mistakes.push(`--${name} ${JSON.stringify(value)}: a whole number from ${range[0]} to ${range[1]}`);
    }
  }
  if (mistakes.length > 0) throw misused(mistakes.join("\n"));
}

function isWhole(value: string, [least, most]: readonly [number, number]): boolean {
  const number = Number(value);
  return /^[0-9]{1,15}$/.test(value) && number >= least && number <= most;
}
