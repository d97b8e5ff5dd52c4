import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { run } from "../cluster/command.ts";
import { nodeNames } from "../cluster/node/addresses.ts";
import { readStat } from "../cluster/processes.ts";
import type { Bench } from "./bench.ts";
import { isReady, type Pod, podResource } from "./pods.ts";
import { eventually } from "./wait.ts";

/** Somebody who opens connections: a pod, or the node itself. */
export interface Caller {
  readonly name: string;
  /** What runs a command of this machine in the caller's network: with its address, under its policies. */
  prefix(): readonly string[];
}

/** The kubelet and whatever else runs on the node itself. */
export function nodeCaller({ node }: Bench): Caller {
  return { name: "node", prefix: () => ["nsenter", `--net=${nodeNames(node.name).networkNamespaceFile}`] };
}

export function podCaller(name: string, { metadata }: Pod): Caller {
  return { name, prefix: () => ["nsenter", `--net=/proc/${oldestProcess(metadata.uid)}/ns/net`] };
}

export interface CallerPod {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Starts pods that do nothing, so that something may be sent from where they are. */
export async function startCallers(bench: Bench, wanted: readonly CallerPod[]): Promise<readonly Caller[]> {
  for (const { name, namespace } of wanted) {
    await bench.node.kubectl(["-n", namespace, "delete", "pod", name, "--ignore-not-found", "--now"]);
  }
  const { repository, tag } = bench.images.server;
  const items = wanted.map((pod) => manifest(pod, `${repository}:${tag}`));
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await bench.node.kubectl(["apply", "-f", "-"], { input });
  return await Promise.all(
    wanted.map(({ name, namespace }) =>
      eventually(`${name} runs`, async () => {
        const pod = await bench.client.get<Pod>(podResource, namespace, name);
        assert.ok(isReady(pod), "it is not ready");
        return podCaller(name, pod);
      }),
    ),
  );
}

function manifest({ name, namespace, labels }: CallerPod, image: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: labels ?? {} },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "caller",
          image,
          command: ["/usr/local/bin/node", "--eval", "setInterval(() => undefined, 1e6)"],
          resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "128Mi" } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
  };
}

/** Of a pod's processes the one that holds its network: it is started first and ends last. */
function oldestProcess(podUid: string): number {
  const candidates = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && groupsOf(entry).includes(podUid))
    .map((entry) => ({ pid: Number(entry), startTicks: readStat(Number(entry))?.startTicks ?? Infinity }));
  const [oldest] = candidates.toSorted((left, right) => left.startTicks - right.startTicks);
  assert.ok(oldest, `the pod ${podUid} has no process`);
  return oldest.pid;
}

/** Empty when the process has ended meanwhile. */
function groupsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch {
    return "";
  }
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Long for a connection on one machine. An engine that drops packets instead of refusing them shows by this time. */
const connectTimeoutMs = 3_000;

/** After `env`, which runs whatever follows, as there may be nothing to go through. */
const evaluating = ["--input-type=module", "--eval"];

const connecting = `
import { connect } from "node:net";
const outcomes = JSON.parse(process.argv[1]).map(({ host, port }) => new Promise((resolve) => {
  const socket = connect({ host, port, timeout: ${connectTimeoutMs} });
  const end = (outcome) => { socket.destroy(); resolve(outcome); };
  socket.once("connect", () => end("connected"));
  socket.once("timeout", () => end("timed out"));
  socket.once("error", (error) => end(error.code));
}));
console.log(JSON.stringify(await Promise.all(outcomes)));
`;

/** For each target `connected`, or why not. */
export async function connectFrom(caller: Caller, targets: readonly Target[]): Promise<readonly string[]> {
  return JSON.parse(await runFrom(caller, connecting, JSON.stringify(targets))) as string[];
}

/** Addresses of a name, asked for at one name server. Throws when no answer comes. */
export async function lookUpFrom(caller: Caller, server: string, name: string): Promise<readonly string[]> {
  return JSON.parse(await runFrom(caller, lookingUp, server, name)) as string[];
}

const lookingUp = `
import { Resolver } from "node:dns/promises";
const [server, name] = process.argv.slice(1);
const resolver = new Resolver({ timeout: ${connectTimeoutMs}, tries: 1 });
resolver.setServers([server]);
console.log(JSON.stringify(await resolver.resolve4(name)));
`;

async function runFrom(caller: Caller, program: string, ...parameters: string[]): Promise<string> {
  return (await run("env", [...caller.prefix(), process.execPath, ...evaluating, program, ...parameters])).stdout;
}

/** Who of the callers gets a connection to the target, by name. */
export async function whoReaches(callers: readonly Caller[], target: Target): Promise<readonly string[]> {
  const outcomes = await Promise.all(callers.map((caller) => connectFrom(caller, [target])));
  return callers.filter((_, index) => outcomes[index]?.[0] === "connected").map(({ name }) => name);
}

const listening = `
import { createServer } from "node:net";
createServer().listen(Number(process.argv[1]), () => console.log("listening"));
process.stdin.once("end", () => process.exit()).resume();
`;

/** Opens a port where the caller is. */
export async function listenIn(caller: Caller, port: number): Promise<{ close(): Promise<void> }> {
  const command = [...caller.prefix(), process.execPath, ...evaluating, listening, `${port}`];
  const child = spawn("env", command, { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  await Promise.race([once(child.stdout, "data"), closed.then(() => assert.fail(`nothing listens on ${port}`))]);
  return {
    async close() {
      child.stdin.end();
      await closed;
    },
  };
}
