import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { repositoryDirectory } from "../cluster/directories.ts";

/** What the figures depend on, a line each. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGibibytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Mean number of busy or waiting processes in the last minute, before anything is measured. */
  readonly load: number;
}

export async function describeMachine(): Promise<Machine> {
  const module = await readFile(
    join(repositoryDirectory, "test", "cluster", "modules", "kubernetes", "go.mod"),
    "utf8",
  );
  const pinned = (path: string): string => new RegExp(`\\s${path} (v\\S+)`).exec(module)?.[1] ?? "unknown";
  const packages = JSON.parse(await readFile(join(repositoryDirectory, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? "unknown",
    memoryGibibytes: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    versions: {
      kubernetes: pinned("k8s.io/kubernetes"),
      etcd: pinned("go.etcd.io/etcd/server/v3"),
      "onnxruntime-node": packages.dependencies["onnxruntime-node"] ?? "unknown",
    },
    load: Number((await readFile("/proc/loadavg", "utf8")).split(" ")[0]),
  };
}

export function machineText(machine: Machine): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${machine.cores} cores (${machine.processor}), ${machine.memoryGibibytes} GiB, Linux ${machine.kernel}`,
    `Node.js ${machine.node}, ${versions.join(", ")}`,
    `load before the start: ${machine.load}`,
    "",
  ].join("\n");
}
