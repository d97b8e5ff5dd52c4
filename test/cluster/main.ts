import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { bringControlPlaneUp } from "./detached-control-plane.ts";
import { down } from "./down.ts";
import { baseImage } from "./image/base.ts";
import { readLedger } from "./ledger.ts";
import { defaultNodeName, nodeNames } from "./node/addresses.ts";
import { bringNodeUp } from "./node/up.ts";
import { installPackages } from "./packages.ts";
import { buildPrograms, controlPlaneModules, nodeModules } from "./programs.ts";
import type { Report } from "./report.ts";
import { clusterStatus } from "./status.ts";
import { unpackTools } from "./tools.ts";

const help = `A real Kubernetes on this machine, without Docker, in a network of its own.

usage: npx node test/cluster/main.ts COMMAND [--control-plane] [--name NAME]

  up        start it, or say that it is up
  down      remove all that it consists of: processes, network, mounts, cgroups, files
  status    say what runs; ends with 0 only if all of it does
  exec -- COMMAND ...
            run a command in its network with KUBECONFIG and PATH set
  env       print what a shell evaluates to find kubectl, helm and the cluster:
            eval "$(npx node test/cluster/main.ts env)"
  build     make what up needs and is not in the cache yet

  --control-plane  etcd, kube-apiserver and kube-controller-manager only: no node, so no pod ever runs
  --name NAME      another than slipway (with --control-plane: than slipway-api)
`;

const defaultControlPlaneName = "slipway-api";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "control-plane": { type: "boolean" }, name: { type: "string" }, help: { type: "boolean", short: "h" } },
});
const kind = values["control-plane"] === true ? "control-plane" : "node";
const name = values.name ?? (kind === "node" ? defaultNodeName : defaultControlPlaneName);
const report: Report = (line) => process.stderr.write(`${line}\n`);

try {
  process.exitCode = await runCommand(values.help === true ? "help" : (positionals[0] ?? "help"));
} catch (error) {
  report(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function runCommand(command: string): Promise<number> {
  switch (command) {
    case "up":
      await (kind === "node" ? bringNodeUp : bringControlPlaneUp)(name, report);
      return 0;
    case "down":
      for (const each of values.name === undefined ? [defaultNodeName, defaultControlPlaneName] : [name]) {
        await down(each, report);
      }
      return 0;
    case "status":
      return await printStatus();
    case "exec":
      return await execute(positionals.slice(1));
    case "env":
      await printEnvironment();
      return 0;
    case "build":
      await build();
      return 0;
    case "help":
      process.stdout.write(help);
      return 0;
    default:
      throw new Error(`unknown command ${command}\n\n${help}`);
  }
}

async function printStatus(): Promise<number> {
  const { state, running, ended, server } = await clusterStatus(name);
  const lines = [`${name}: ${state}`, ...(server === undefined ? [] : [`API: ${server}`])];
  lines.push(...running.map((each) => `running: ${each}`), ...ended.map((each) => `ended: ${each}`));
  process.stdout.write(`${lines.join("\n")}\n`);
  return state === "up" ? 0 : 1;
}

async function execute([command, ...parameters]: string[]): Promise<number> {
  if (command === undefined) throw new Error("exec: give a command after --");
  const inside = kind === "node" ? ["nsenter", `--net=${nodeNames(name).networkNamespaceFile}`, command] : [command];
  const [program = command, ...before] = inside;
  const { kubeconfig, tools } = await access();
  const environment = { ...process.env, KUBECONFIG: kubeconfig, PATH: `${tools}:${process.env["PATH"] ?? ""}` };
  const child = spawn(program, [...before, ...parameters], { stdio: "inherit", env: environment });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

/** The caller's own search path is left to the caller: npm has put folders of its own before it here. */
async function printEnvironment(): Promise<void> {
  const { kubeconfig, tools } = await access();
  process.stdout.write(`export KUBECONFIG=${shellQuoted(kubeconfig)}\nexport PATH=${shellQuoted(tools)}:"$PATH"\n`);
}

function shellQuoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

async function access(): Promise<{ kubeconfig: string; tools: string }> {
  const ledger = readLedger(name);
  if (ledger?.complete !== true || ledger.adminKubeconfigPath === undefined) {
    throw new Error(`cluster ${name} is not up: run \`make cluster\``);
  }
  return { kubeconfig: ledger.adminKubeconfigPath, tools: (await unpackTools(report)).directory };
}

async function build(): Promise<void> {
  await installPackages(kind, report);
  await buildPrograms(kind === "node" ? nodeModules : controlPlaneModules, report);
  await unpackTools(report);
  if (kind === "node") await baseImage(report);
}
