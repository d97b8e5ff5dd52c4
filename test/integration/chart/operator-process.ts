import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { release } from "../../chart/render.ts";
import { writeAccountKubeconfig } from "../../cluster/account-kubeconfig.ts";
import type { ControlPlane } from "../../cluster/control-plane.ts";
import { repositoryDirectory } from "../../cluster/directories.ts";

export interface OperatorOptions {
  readonly name: string;
  /** Where its kubeconfig is written to. */
  readonly directory: string;
  /** Another way to the API server than straight and as its own account. */
  readonly kubeconfig?: string;
  /** Namespace of the release whose account it works under. */
  readonly namespace?: string;
  readonly serverImage?: string;
  readonly flags?: readonly string[];
  /** Another work tree than this one. */
  readonly sources?: string;
}

export interface OperatorProcess {
  /** Of its probes and metrics. */
  readonly url: string;
  stop(): Promise<void>;
}

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly err?: { readonly message: string };
  readonly port?: number;
}

/** Starts the operator with the rights that the chart gives it, and stops it when the test ends. */
export async function startOperator(
  t: TestContext,
  plane: ControlPlane,
  options: OperatorOptions,
): Promise<OperatorProcess> {
  const { namespace = release.namespace, sources = repositoryDirectory } = options;
  const file = join(options.directory, `${options.name}.kubeconfig`);
  const account = { namespace, name: "slipway-operator" };
  const kubeconfig = options.kubeconfig ?? (await writeAccountKubeconfig(file, plane, account));
  const image = options.serverImage ?? "registry.example.com/server:1";
  const flags = [`--server-image=${image}`, "--http-port=0", `--kubeconfig=${kubeconfig}`, ...(options.flags ?? [])];
  const child = spawn(process.execPath, [join(sources, "operator", "main.ts"), ...flags], {
    env: { ...process.env, POD_NAMESPACE: namespace, POD_NAME: options.name },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  t.after(stop);
  const port = Promise.withResolvers<number>();
  ended.then(([code]) => port.reject(new Error(`the operator ended with ${code} before it had started`)), port.reject);
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { level, msg, err, port: bound } = JSON.parse(line) as LogLine;
    if (bound !== undefined) port.resolve(bound);
    if (level >= warning) process.stderr.write(`${options.name}: ${msg}: ${err?.message ?? ""}\n`);
  });
  return { url: `http://127.0.0.1:${await port.promise}`, stop };
}

/** pino's number for it. */
const warning = 40;
