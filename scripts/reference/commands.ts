import type { Command, Option } from "../../cli/command.ts";
import { optionSpelling, optionText } from "../../cli/help.ts";
import { code, table } from "./table.ts";

/** The page of `slipway`, from the same table that its --help is made of. */
export function commandsPage(commands: readonly Command[]): string {
  return `# Commands

Generated from [cli/commands.ts](../../cli/commands.ts) by \`npm run generate\`; \`slipway COMMAND --help\` says the same.

In a checkout: \`npx slipway\`. As a package: \`npm run build:command\`, and \`npm install --ignore-scripts\` of what it
makes (ONNX Runtime's own script would fetch GPU libraries that nothing here uses); it needs Node.js 24 or later.
Nothing is sent anywhere but to the registries, models and API servers that a command names.

Every command has \`--help\`. Progress and errors go to standard error, answers to standard output; progress is drawn and
text coloured on a terminal only, and \`NO_COLOR\` turns colour off. \`SLIPWAY_DEBUG=1\` shows where an error arose.

| Exit code | |
|---|---|
| 0 | done |
| 1 | the thing failed: the message says what to do |
| 2 | the command was written wrongly |
| 130 | interrupted by Ctrl-C |

${commands.map(commandSection).join("\n")}`;
}

function commandSection(command: Command): string {
  const { name, operands, summary, about, options, examples } = command;
  const usage = ["slipway", name, operands, "[OPTIONS]"].filter((word) => word !== "").join(" ");
  const shown = examples.map((example) => (example.about === "" ? "" : `# ${example.about}\n`) + example.command);
  return `## slipway ${name}
${summary}

\`\`\`text
${usage}
\`\`\`

${about.join("\n\n")}

${table(["Option", "What it does"], Object.entries(options).map(optionRow))}

\`\`\`sh
${shown.join("\n\n")}
\`\`\`
`;
}

function optionRow([name, option]: readonly [string, Option]): string[] {
  return [code(optionSpelling(name, option)), optionText(option)];
}
