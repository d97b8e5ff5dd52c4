import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { stageOperator } from "../../../images/stage.ts";
import { type Manifest, only } from "../../chart/render.ts";
import { repositoryDirectory } from "../../cluster/directories.ts";
import type { ControlPlane } from "../../cluster/control-plane.ts";
import { release } from "../../chart/render.ts";
import { type ImageStart, imageStart } from "../image-start.ts";
import { type Usage, usageOf } from "../usage.ts";

/** The bundle of the image as a process of this machine, seen by the API server as the pod would be. */
export interface OperatorProcess {
  readonly pid: number;
  usage(): Usage;
  /** SIGTERM, and waits for its end. */
  stop(): Promise<void>;
}

type Deployment = Manifest & {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly [{ readonly args: string[] }] } };
  };
};

/** Builds what goes into the image, and reads how the image and the chart start it. */
export async function operatorImage(chart: readonly Manifest[]): Promise<ImageStart> {
  const context = join(repositoryDirectory, "build", "bench", "operator");
  await stageOperator(repositoryDirectory, context);
  const dockerfile = await readFile(join(repositoryDirectory, "images", "operator.Dockerfile"), "utf8");
  const { command, environment } = imageStart(dockerfile, context);
  const { args } = (only(chart, "Deployment") as Deployment).spec.template.spec.containers[0];
  return {
    // Several may run on one machine, so the port is left to the system.
    command: [...command, ...args, "--http-port=0"],
    environment,
  };
}

/**
 * Where the kubelet mounts a pod's credentials: over the machine's own folder, in a mount namespace of the process's
 * own. Arguments: folder with the files, then the command.
 */
const asInPod = `
mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io/serviceaccount || exit 1
[ /var/run -ef /run ] || mount --bind /run /var/run || exit 1
cp "$0"/* /run/secrets/kubernetes.io/serviceaccount && exec setpriv --pdeathsig KILL "$@"
`;

export interface OperatorStart {
  readonly plane: ControlPlane;
  readonly image: ImageStart;
  /** For the credentials; its owner removes it. */
  readonly directory: string;
  /** Node.js flags before the bundle, such as a profiler's. */
  readonly flags?: readonly string[];
}

/** Longer than any reading takes. */
const tokenDuration = "12h";

export async function startOperator({ plane, image, directory, flags = [] }: OperatorStart): Promise<OperatorProcess> {
  const folder = join(directory, "service-account");
  await mkdir(folder, { recursive: true });
  const account = ["slipway-operator", "-n", release.namespace, `--duration=${tokenDuration}`];
  const { stdout: token } = await plane.kubectl(["create", "token", ...account]);
  const files = { token: token.trim(), "ca.crt": plane.caPem, namespace: release.namespace };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const { hostname, port } = new URL(plane.server);
  const [program = "", ...parameters] = image.command;
  const child = spawn("unshare", ["--mount", "sh", "-c", asInPod, folder, program, ...flags, ...parameters], {
    env: {
      ...image.environment,
      PATH: process.env["PATH"],
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
      POD_NAMESPACE: release.namespace,
      POD_NAME: "slipway-operator-bench",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  const { promise: started, resolve: start } = Promise.withResolvers<"started">();
  let said = "";
  const hear = (line: string): void => {
    said = `${said}${line}\n`.slice(-keptOutput);
    if (line.includes("slipway operator started")) start("started");
    if (process.env["BENCH_LOG"] === "1") process.stderr.write(`${line}\n`);
  };
  createInterface({ input: child.stdout }).on("line", hear);
  createInterface({ input: child.stderr }).on("line", hear);
  child.once("exit", (code, signal) => end(`the operator ended (${code ?? signal}): ${said}`));
  const outcome = await Promise.race([started, ended]);
  const { pid } = child;
  if (outcome !== "started" || pid === undefined) throw new Error(outcome);
  return {
    pid,
    usage: () => {
      const usage = usageOf(pid);
      if (usage === undefined) throw new Error(`the operator ended: ${said}`);
      return usage;
    },
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Enough for the last words of a process that ended. */
const keptOutput = 4_000;
