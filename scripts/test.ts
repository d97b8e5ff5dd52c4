/**
 * Runs the test suites that are named, or all but those on request, one after the other, and prints what each took
 * against its budget. Exits 0 only if every test of every suite passed and none of the suites was empty.
 */
import { glob } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";
import { installPackages } from "../test/cluster/packages.ts";
import { buildPrograms, controlPlaneModules, type ModuleName, nodeModules } from "../test/cluster/programs.ts";
import { installPythonClients } from "../test/integration/server/clients/python-clients.ts";
import { endOverdueChildren } from "./overdue-children.ts";

interface Suite {
  readonly name: string;
  readonly about: string;
  readonly files: readonly string[];
  /** Debian packages that it cannot do without. */
  readonly packages: Parameters<typeof installPackages>[0];
  /** Go programs, built before it runs: on a new machine that takes minutes, which no test should pay for. */
  readonly programs: readonly ModuleName[];
  /** Also the clients in Python, installed before it runs, too. */
  readonly withPythonClients?: true;
  /** Test files at the same time. */
  readonly concurrency: number;
  /** Only when it is named: what it needs takes minutes to build, for what few changes can break. */
  readonly onRequest?: true;
  /** What it may take, warm, on two cores; the sum has to leave room for the suites of later days. */
  readonly budgetSeconds: number;
  /** One test file that takes longer is ended, and fails. */
  readonly fileTimeoutMs: number;
}

interface Outcome {
  readonly suite: Suite;
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const cores = availableParallelism();
const watchIntervalMs = 2_000;

const suites: readonly Suite[] = [
  {
    name: "unit",
    about: "no cluster and no network",
    files: [
      "{operator,server,cli,images,demo,release,scripts}/**/*.test.ts",
      "test/{planner,chart,load,fixtures,bench}/**/*.test.ts",
      "test/*.test.ts",
    ],
    packages: "control-plane",
    programs: [],
    concurrency: cores,
    budgetSeconds: 120,
    // The longest takes 20 s of a processor, of which a busy machine may give it a tenth.
    fileTimeoutMs: 600_000,
  },
  {
    name: "integration",
    about: "a real kube-apiserver, a real registry, the real server process",
    files: ["test/integration/**/*.test.ts", "test/cluster/**/*.test.ts"],
    packages: "tests",
    programs: [...controlPlaneModules, "versitygw", "rclone"],
    withPythonClients: true,
    concurrency: cores,
    budgetSeconds: 900,
    fileTimeoutMs: 1_200_000,
  },
  {
    name: "e2e",
    about: "the real one-node Kubernetes",
    files: ["test/e2e/**/*.test.ts"],
    packages: "tests",
    programs: [...nodeModules, "kube-router"],
    concurrency: 1,
    budgetSeconds: 840,
    fileTimeoutMs: 1_200_000,
  },
  {
    name: "soak",
    about: "a million requests, KEDA scales a model, cosign signs a release; run before a release",
    files: ["test/soak/**/*.test.ts"],
    packages: "tests",
    programs: [...controlPlaneModules, "cosign", "keda"],
    onRequest: true,
    // What a million requests leave behind shows while nothing else takes the processor from the server.
    concurrency: 1,
    budgetSeconds: 900,
    fileTimeoutMs: 1_200_000,
  },
  {
    name: "gpu-image",
    about: "the server's image for GPUs up to the driver's door; downloads 1.4 GB",
    files: ["test/gpu/**/*.test.ts"],
    packages: "gpu-image",
    programs: [],
    onRequest: true,
    concurrency: 1,
    budgetSeconds: 300,
    fileTimeoutMs: 1_200_000,
  },
];

const names = suites.map(({ name }) => name);
const help = `npx node scripts/test.ts [${names.join("|")}]...
${suites.map(({ name, about, budgetSeconds }) => `  ${name.padEnd(12)} ${about} (budget ${budgetSeconds} s)`).join("\n")}
Without a name: ${suites.flatMap(({ name, onRequest }) => (onRequest === true ? [] : [name])).join(", ")}.
`;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { help: { type: "boolean" } } });
const unknown = positionals.filter((name) => !names.includes(name));
if (values.help) {
  process.stdout.write(help);
} else if (unknown.length > 0) {
  process.stderr.write(`no suite is called ${unknown.join(", ")}\n${help}`);
  process.exitCode = 2;
} else {
  // ONNX Runtime sends telemetry unless it is told not to before its library is loaded, also in the tests.
  process.env["ORT_DISABLE_TELEMETRY"] = "1";
  await main(
    suites.filter(({ name, onRequest }) =>
      positionals.length === 0 ? onRequest !== true : positionals.includes(name),
    ),
  );
}

async function main(chosen: readonly Suite[]): Promise<void> {
  const outcomes: Outcome[] = [];
  for (const suite of chosen) {
    const report = (text: string): void => void process.stdout.write(`${text}\n`);
    await installPackages(suite.packages, report);
    await buildPrograms(suite.programs, report);
    if (suite.withPythonClients) await installPythonClients(report);
    const outcome = await runSuite(suite);
    outcomes.push(outcome);
    // Also at once: where a later suite is cut short, its last lines tell which one took the time.
    process.stdout.write(`\n${line(outcome)}\n`);
  }
  process.stdout.write(`\n${outcomes.map(line).join("\n")}\n`);
  const sum = (count: (outcome: Outcome) => number): number =>
    outcomes.reduce((total, outcome) => total + count(outcome), 0);
  const empty = outcomes.filter(({ passed, failed }) => passed + failed === 0);
  for (const { suite } of empty) process.stdout.write(`${suite.name} ran no test\n`);
  const failed = sum((outcome) => outcome.failed);
  process.stdout.write(
    `${sum(({ passed }) => passed)} passed, ${failed} failed, ${sum(({ skipped }) => skipped)} skipped\n`,
  );
  if (failed > 0 || empty.length > 0) process.exitCode = 1;
}

async function runSuite(suite: Suite): Promise<Outcome> {
  process.stdout.write(`\n== ${suite.name}: ${suite.about}\n`);
  const files = (await Array.fromAsync(glob([...suite.files]))).toSorted();
  const started = performance.now();
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  // Node's own time-out of a file waits for the file's event loop, which a loop in the code under test never frees.
  const watch = setInterval(() => {
    for (const command of endOverdueChildren(process.pid, suite.fileTimeoutMs)) {
      process.stdout.write(`ended after ${suite.fileTimeoutMs / 1000} s: ${command}\n`);
    }
  }, watchIntervalMs);
  const events = run({ files, concurrency: suite.concurrency, isolation: "process" });
  events.on("test:pass", ({ skip, details }) => {
    if (details.type === "suite") return;
    if (skip === undefined) passed += 1;
    else skipped += 1;
  });
  events.on("test:fail", () => (failed += 1));
  for await (const text of events.compose(spec)) process.stdout.write(text);
  clearInterval(watch);
  return { suite, seconds: (performance.now() - started) / 1000, passed, failed, skipped };
}

function line({ suite, seconds, passed, failed, skipped }: Outcome): string {
  const over = seconds > suite.budgetSeconds ? "  OVER BUDGET" : "";
  const counts = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
  return `${suite.name.padEnd(12)} ${seconds.toFixed(1).padStart(7)} s of ${suite.budgetSeconds} s  ${counts}${over}`;
}
