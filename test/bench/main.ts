/** Measures what the project holds itself to and prints a line a figure. Nothing here passes or fails. */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { Group, Line } from "./figure.ts";
import { standardObjects } from "./figure.ts";
import { describeMachine, machineText } from "./machine.ts";
import { operatorGroup } from "./operator/group.ts";
import { rolloutGroup } from "./rollout/group.ts";
import { serverGroup } from "./server/group.ts";
import { tableOf } from "./table.ts";

const groups: readonly Group[] = [operatorGroup, serverGroup, rolloutGroup];

const help = `npx node test/bench/main.ts [${groups.map(({ name }) => name).join("|")}]... [--only FIGURE] [--objects N] [--json FILE]
                          [--profile DIR]

  --only FIGURE  one figure of the list below
  --objects N    operator: stands for 1,000 in every figure that counts objects; 500 and 100 shrink with it
                 (${standardObjects})
  --json FILE    everything that was read, beside the table
  --profile DIR  operator: its CPU profiles, one for each of its starts; its figures suffer from them

${groups.map(groupHelp).join("\n\n")}

Take no reading while anything else runs. Exit code 0 unless a figure could not be measured.
`;

function groupHelp({ name, about, figures }: Group): string {
  const width = Math.max(...figures.map((figure) => figure.name.length));
  const lines = figures.map((figure) => `    ${figure.name.padEnd(width)}  ${figure.title}`);
  return [`${name}: ${about}`, ...lines].join("\n");
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string" },
    objects: { type: "string", default: String(standardObjects) },
    json: { type: "string" },
    profile: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const objects = Number(values.objects);
const mistakes = [
  ...positionals
    .filter((word) => groups.every(({ name }) => name !== word))
    .map((word) => `no group is called ${word}`),
  ...(Number.isInteger(objects) && objects >= 10 ? [] : [`--objects ${values.objects}: a whole number from 10`]),
];
const named = groups.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const chosen = named.filter(
  ({ figures }) => values.only === undefined || figures.some(({ name }) => name === values.only),
);
if (chosen.length === 0) mistakes.push(`no figure is called ${values.only}`);

if (values.help) {
  process.stdout.write(help);
} else if (mistakes.length > 0) {
  process.stderr.write(`${mistakes.join("\n")}\n${help}`);
  process.exitCode = 2;
} else {
  // ONNX Runtime sends telemetry unless it is told not to before its library is loaded, also here.
  process.env["ORT_DISABLE_TELEMETRY"] = "1";
  await main();
}

async function main(): Promise<void> {
  const machine = await describeMachine();
  process.stdout.write(machineText(machine));
  const lines: Line[] = [];
  for (const group of chosen)
    lines.push(...(await group.run({ objects, only: values.only, profile: values.profile, report })));
  process.stdout.write(`\n${tableOf(lines)}`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ machine, lines }, null, 2)}\n`);
  if (lines.some(({ error }) => error !== undefined)) process.exitCode = 1;
}

function report(line: string): void {
  process.stderr.write(`${line}\n`);
}
