/** Measures the server beside its peers and prints tables. Nothing here passes or fails. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory } from "../../cluster/directories.ts";
import { describeMachine, machineText } from "../machine.ts";
import { install } from "./install/install.ts";
import { pythonEnvironments } from "./install/python-environments.ts";
import { benchModels } from "./model.ts";
import { helpText, type Options, readOptions } from "./options.ts";
import { benchPeers } from "./peers.ts";
import { chartCaption } from "./report/chart/chart-caption.ts";
import { chartOf } from "./report/chart/chart.ts";
import { reportText } from "./report/report-text.ts";
import { runBench } from "./run-bench.ts";

/** As a shell gives it for SIGINT. */
const interruptedCode = 130;
const defaultFolder = join(cacheDirectory(), "peers");
const nowhere = { image: { command: [], environment: {} }, folder: "" };
const names = {
  peers: benchPeers(nowhere).map(({ name }) => name),
  models: benchModels().map(({ name }) => name),
};
const result = readOptions(process.argv.slice(2), names, defaultFolder);
if (!result.ok) {
  process.stderr.write(`${result.mistakes.join("\n")}\n${helpText(names, defaultFolder)}`);
  process.exitCode = 2;
} else if (result.options.help) {
  process.stdout.write(helpText(names, defaultFolder));
} else {
  // ONNX Runtime sends telemetry unless it is told not to before its library is loaded.
  process.env["ORT_DISABLE_TELEMETRY"] = "1";
  await main(result.options);
}

async function main(options: Options): Promise<void> {
  if (options.installOnly) {
    const { missing } = await install(
      options.folder,
      pythonEnvironments.map(({ name }) => name),
      report,
    );
    for (const [name, why] of missing) report(`${name} is not installed: ${why}`);
    return;
  }
  const interruption = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.once(name, () => {
      report("ending what runs ...");
      interruption.abort(new Error(`interrupted by ${name}`));
    });
  const begun = new Date();
  const machine = await describeMachine();
  process.stdout.write(`${begun.toISOString()}\n${machineText(machine)}`);
  const results = await runBench(options, interruption.signal, report);
  if (interruption.signal.aborted) {
    process.exitCode = interruptedCode;
    return;
  }
  process.stdout.write(`\n${reportText(results)}`);
  if (options.json !== undefined)
    await writeFile(options.json, `${JSON.stringify({ begun, machine, options, results }, null, 1)}\n`);
  if (options.svg !== undefined) {
    const caption = chartCaption(machine, results.run, begun);
    await writeFile(options.svg, chartOf(results.cells, results.peers, caption));
  }
}

function report(line: string): void {
  process.stderr.write(`${line}\n`);
}
