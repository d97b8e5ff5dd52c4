import { readdirSync } from "node:fs";
import { join } from "node:path";
import { modulesDirectory } from "./directories.ts";
import type { Module } from "./programs.ts";

/** What a node consists of, and a control plane unless another version is asked for. */
export const defaultKubernetesVersion = "v1.36.3";

const controlPlanePrograms = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
const nodePrograms = ["kubelet", "kube-proxy", "coredns", "metrics-server"];

/** Pins of versions other than the default, one pair of files each, as go.mod and go.sum are. */
const versionsFolder = "versions";

/**
 * The version that SLIPWAY_KUBERNETES asks for. So that one suite can be run on several versions, every control plane
 * of a process and of its children is of this one.
 */
export function kubernetesVersion(environment: NodeJS.ProcessEnv = process.env): string {
  const asked = environment["SLIPWAY_KUBERNETES"] || defaultKubernetesVersion;
  const known = [defaultKubernetesVersion, ...pinnedVersions()];
  if (!known.includes(asked)) {
    throw new Error(`SLIPWAY_KUBERNETES is ${asked}; there are pins for ${known.join(", ")} (test/cluster/README.md)`);
  }
  return asked;
}

/** A node is more than an API server: its parts are pinned, and were tried, together in the default version only. */
export function demandDefaultVersion(version: string = kubernetesVersion()): void {
  if (version === defaultKubernetesVersion) return;
  throw new Error(`SLIPWAY_KUBERNETES is ${version}, and a node is ${defaultKubernetesVersion} only: unset it`);
}

export function kubernetesModule(version: string): Module {
  const whole = version === defaultKubernetesVersion;
  return {
    name: "kubernetes",
    packages: ["."],
    pins: whole ? "go" : join(versionsFolder, version),
    tags: whole ? [] : ["controlplane"],
    linkerFlags: versionFlags(version),
    cgo: false,
    links: whole ? [...controlPlanePrograms, ...nodePrograms] : controlPlanePrograms,
  };
}

/** Without these the API server reports v0.0.0 and clients take it for older than everything. */
function versionFlags(version: string): string {
  const [major = "", minor = ""] = version.slice(1).split(".");
  const target = "k8s.io/component-base/version";
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitCommit: version, gitTreeState: "clean" };
  return Object.entries(values)
    .map(([key, value]) => `-X ${target}.${key}=${value}`)
    .join(" ");
}

function pinnedVersions(): string[] {
  const files = readdirSync(join(modulesDirectory, "kubernetes", versionsFolder));
  return files.filter((file) => file.endsWith(".mod")).map((file) => file.slice(0, -".mod".length));
}
