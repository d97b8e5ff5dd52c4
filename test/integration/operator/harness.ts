import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Status } from "../../../operator/api/model.ts";
import { type Client, createClient } from "../../../operator/kube/transport/client.ts";
import { systemClock } from "../../../operator/kube/clock.ts";
import { kubeconfigAccess } from "../../../operator/kube/transport/credentials.ts";
import { createMetrics } from "../../../operator/kube/metrics.ts";
import { createTransport, type Transport } from "../../../operator/kube/transport/transport.ts";
import { type ControlPlane, startControlPlane } from "../../cluster/control-plane.ts";
import { established } from "../established.ts";
import { type Fate, followPods, type Pods } from "./pods.ts";

const repository = join(import.meta.dirname, "..", "..", "..");

/** A real API server with the CRD, pods without a node, and as many operator processes as a test starts. */
export interface Bench {
  readonly plane: ControlPlane;
  readonly client: Client;
  /** For watches of a test's own. */
  readonly transport: Transport;
  readonly pods: Pods;
  startOperator(flags?: readonly string[]): Promise<OperatorProcess>;
  apply(manifest: object): Promise<void>;
  patchModel(name: string, spec: object): Promise<void>;
  status(name: string): Promise<Status>;
  get(kind: string, name: string): Promise<Json>;
  list(kind: string): Promise<readonly Json[]>;
  stop(): Promise<void>;
}

// oxlint-disable-next-line typescript/no-explicit-any -- objects of every kind are read here, and a wrong path fails the test
export type Json = any;

export interface OperatorProcess {
  /** Writes to the API server so far, Events and the making of the lease among them, but not its renewals. */
  writes(): Promise<number>;
  /** Passes over models so far, as the operator counts them. */
  passes(): Promise<number>;
  /** Writes that the API server refused because somebody else had written meanwhile. */
  conflicts(): Promise<number>;
  kill(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
  readonly output: () => string;
}

export async function startBench(fallback: Fate, apiServerArguments: readonly string[] = []): Promise<Bench> {
  const plane = await startControlPlane({
    name: "operator",
    controllerManager: true,
    apiServerArguments,
    // 15 s when left out, on top of the half minute that it may take to learn of a new CRD.
    controllerManagerArguments: ["--horizontal-pod-autoscaler-sync-period=1s"],
  });
  await plane.kubectl(["apply", "-f", join(repository, "crds", "modeldeployment.yaml")]);
  await established(plane);
  const transport: Transport = createTransport({
    ...(await kubeconfigAccess({ file: plane.adminKubeconfigPath, clock: systemClock })),
    clock: systemClock,
    random: Math.random,
    metrics: createMetrics(),
    userAgent: "slipway-test",
  });
  const client = createClient(transport, { mayWrite: () => true });
  const pods = followPods(transport, client, fallback);
  const running: OperatorProcess[] = [];
  const json = async (...parameters: string[]): Promise<Json> =>
    JSON.parse((await plane.kubectl([...parameters, "-o", "json"])).stdout);
  return {
    plane,
    client,
    transport,
    pods,
    startOperator: async (flags = []) => {
      const operator = await startOperator(plane.adminKubeconfigPath, flags);
      running.push(operator);
      return operator;
    },
    apply: async (manifest) => {
      await plane.kubectl(["apply", "-f", "-"], { input: JSON.stringify(manifest) });
    },
    patchModel: async (name, spec) => {
      await plane.kubectl(["patch", "md", name, "--type=merge", "-p", JSON.stringify({ spec })]);
    },
    status: async (name) => (await json("get", "md", name)).status ?? {},
    get: (kind, name) => json("get", kind, name),
    list: async (kind) => (await json("get", kind)).items,
    stop: async () => {
      await Promise.all(running.map((operator) => operator.stop()));
      await pods.stop();
      await transport.close();
      await plane.stop();
    },
  };
}

export function model(name: string, spec: object = {}): object {
  return {
    apiVersion: "slipway.dev/v1alpha1",
    kind: "ModelDeployment",
    metadata: { name },
    spec: {
      version: "v1",
      versions: [
        { name: "v1", uri: "oci://registry.test/models/demo:1" },
        { name: "v2", uri: "oci://registry.test/models/demo:2" },
      ],
      ...spec,
    },
  };
}

export function digest(character: string): string {
  return `sha256:${character.repeat(64)}`;
}

export function condition(status: Status, type: string): { status: string; reason: string; message: string } {
  const found = status.conditions?.find((candidate) => candidate.type === type);
  return found ?? { status: "absent", reason: "", message: "" };
}

/**
 * Waits until `probe` gives something, looking again every 50 ms, far longer than it takes on a machine that is shared
 * with builds; the error shows what was seen last.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  timeoutMs = 120_000,
): Promise<T> {
  const until = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < until) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    await delay(50);
  }
  throw new Error(`${what}: not so after ${timeoutMs} ms; last seen: ${String(last)}`);
}

async function startOperator(kubeconfig: string, flags: readonly string[]): Promise<OperatorProcess> {
  const standard = ["--kubeconfig", kubeconfig, "--namespace", "default", "--http-port", "0"];
  const image = flags.includes("--server-image") ? [] : ["--server-image", "registry.test/server:1"];
  const child = spawn(process.execPath, [join(repository, "operator", "main.ts"), ...standard, ...image, ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const port = await eventually("the operator starts", () => {
    if (child.exitCode !== null) throw new Error(`the operator ended: ${output}`);
    // With what follows it, as a line may come in two pieces.
    return Promise.resolve(/"port":(\d+)\D/.exec(output)?.[1]);
  });
  return {
    // Creates, patches and deletes that changed something; the lease is renewed by PUT.
    writes: () => sumOf(port, /^rest_client_requests_total\{method="(?:POST|PATCH|DELETE)",code="2\d\d"\} (\d+)$/gm),
    conflicts: () => sumOf(port, /^rest_client_requests_total\{method="[A-Z]+",code="409"\} (\d+)$/gm),
    passes: () => sumOf(port, /^controller_runtime_reconcile_total\{[^}]*\} (\d+)$/gm),
    kill: (signal) => child.kill(signal),
    stop: () => ended(child),
    output: () => output,
  };
}

async function sumOf(port: string, samples: RegExp): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return [...text.matchAll(samples)].reduce((total, [, count]) => total + Number(count), 0);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  child.kill("SIGCONT");
  await exit;
}

/** Waits until a model's spec is reached with this version. */
export async function servesVersion(bench: Bench, name: string, version: string, timeoutMs?: number): Promise<void> {
  const reached = async (): Promise<boolean> => {
    const status = await bench.status(name);
    return status.currentVersion === version && condition(status, "Ready").status === "True";
  };
  await eventually(`${name} serves ${version}`, reached, timeoutMs);
}
