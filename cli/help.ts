import type { Command, Option } from "./command.ts";
import { helpOption } from "./invocation.ts";
import { factLines, wrapped } from "./text/table.ts";
import { styleOf, type Style } from "./text/style.ts";

/** Help reads best at this width, however wide the terminal is; and so it is the same text everywhere. */
const columns = 100;

/** What `slipway` and `slipway --help` show. */
export function overview(commands: readonly Command[], style: Style = styleOf(false)): string {
  const lines = [
    "Slipway serves ONNX models on Kubernetes. These commands prepare a model, look at it and ask it.",
    "",
    style.strong("Usage: slipway COMMAND [OPTIONS]"),
    "",
    style.strong("Commands"),
    ...factLines(commands.map(({ name, summary }) => [name, summary])),
    "",
    "slipway COMMAND --help shows a command's options, with examples. slipway --version shows the version.",
    "Exit code 0: done. 1: the thing failed. 2: the command was written wrongly. 130: interrupted.",
  ];
  return `${lines.join("\n")}\n`;
}

export function commandHelp(command: Command, style: Style): string {
  const { name, operands, summary, about, options, examples } = command;
  const lines = [
    summary,
    "",
    style.strong(["Usage: slipway", name, operands, "[OPTIONS]"].filter((word) => word !== "").join(" ")),
    ...about.flatMap((paragraph) => ["", wrapped(paragraph, columns)]),
    "",
    style.strong("Options"),
    ...Object.entries({ ...options, help: helpOption }).flatMap(optionLines),
    "",
    style.strong(examples.length === 1 ? "Example" : "Examples"),
    ...examples.flatMap((example, index) => [
      ...(index === 0 ? [] : [""]),
      ...(example.about === "" ? [] : [wrapped(`# ${example.about}`, columns, "  ")]),
      `  ${example.command.replaceAll("\n", "\n  ")}`,
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

function optionLines([name, option]: readonly [string, Option]): string[] {
  return [`  ${optionSpelling(name, option)}`, wrapped(optionText(option), columns, "      ")];
}

export function optionSpelling(name: string, { short, value }: Option): string {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

/** What the option does, with what it takes and what it is when it is left out. */
export function optionText({ about, choices, fallback }: Option): string {
  const allowed = choices === undefined ? "" : ` One of ${choices.join(", ")}.`;
  return `${about}${allowed}${fallback === undefined ? "" : ` Default: ${fallback}.`}`;
}
