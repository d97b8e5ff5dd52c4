import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { kinds } from "../../../operator/api/kinds.ts";
import { labels } from "../../../operator/api/names.ts";
import type { RawModel } from "../../../operator/projections.ts";
import { leastValues, release, render } from "../../chart/render.ts";
import { type ControlPlane, startControlPlane } from "../../cluster/control-plane.ts";
import { waitFor } from "../../cluster/wait.ts";
import { established } from "../../integration/established.ts";
import type { GroupOptions } from "../figure.ts";
import type { ImageStart } from "../image-start.ts";
import { type Admin, createAdmin } from "./admin.ts";
import { type Audit, auditPolicy, followAudit } from "./audit.ts";
import { collectionPath, type Collections, followCollections, namespace } from "./collections.ts";
import { type ChildTemplate, childTemplates, childText, modelManifest } from "./model.ts";
import { operatorImage, type OperatorProcess, startOperator } from "./operator-process.ts";

/** A real control plane with one fake Node, the operator in it as its chart installs it, and who drives them. */
export interface OperatorGround extends GroupOptions {
  readonly plane: ControlPlane;
  readonly admin: Admin;
  readonly audit: Audit;
  readonly seen: Collections;
  readonly image: ImageStart;
  /** What the operator makes for a model, for the floor. */
  readonly templates: readonly ChildTemplate[];
  /** Resident memory with no model, taken before anything else was done. */
  readonly emptyMemoryMebibytes: number;
  /** Names that no model has had. */
  names(count: number): readonly string[];
  operator(): OperatorProcess;
  isOperatorRunning(): boolean;
  stopOperator(): Promise<void>;
  /** Without effect while it runs. With these parameters beside those of the chart. */
  startOperator(parameters?: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Or the controllers of Kubernetes would be the limit: their default is 20 requests a second. */
const rates = ["--kube-api-qps=2000", "--kube-api-burst=4000"];
/** A Node without a kubelet's lease would be declared dead, and there are no metrics to scale by. */
const controllers = "--controllers=*,-node-lifecycle-controller,-horizontal-pod-autoscaler-controller";
/** After its last list the operator's memory falls for a while, until V8 has collected what it read. */
const settleMs = 10_000;

export async function startGround(options: GroupOptions): Promise<OperatorGround> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-bench-"));
  const undo: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const each of undo.toReversed()) await each();
  };
  try {
    const auditLog = join(directory, "audit.log");
    const plane = await startAudited(options, directory, auditLog);
    undo.push(() => plane.stop());
    const chart = await installRights(plane);
    const image = await operatorImage(chart);
    undo.push(await startFakeNode(plane));
    const admin = createAdmin(plane.server, plane);
    undo.push(() => admin.close());
    const templates = await learnTemplates(admin);
    const seen = await followCollections(admin);
    const audit = followAudit(auditLog);

    const flags = options.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profile}`];
    let operator: OperatorProcess | undefined;
    const stopOperator = async (): Promise<void> => {
      await operator?.stop();
      operator = undefined;
    };
    const start = async (parameters: readonly string[] = []): Promise<void> => {
      const command = [...image.command, ...parameters];
      operator ??= await startOperator({ plane, image: { ...image, command }, directory, flags });
    };
    undo.push(stopOperator);
    await start();
    await delay(settleMs);
    const running = (): OperatorProcess => {
      if (operator === undefined) throw new Error("the operator is not running");
      return operator;
    };
    const emptyMemoryMebibytes = running().usage().memoryMebibytes;
    let named = 0;
    return {
      ...options,
      plane,
      admin,
      audit,
      seen,
      image,
      templates,
      emptyMemoryMebibytes,
      names: (count) => Array.from({ length: count }, () => `m${(named++).toString().padStart(6, "0")}`),
      operator: running,
      isOperatorRunning: () => operator !== undefined,
      stopOperator,
      startOperator: start,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAudited(options: GroupOptions, directory: string, auditLog: string): Promise<ControlPlane> {
  const policy = join(directory, "audit-policy.json");
  const user = `system:serviceaccount:${release.namespace}:slipway-operator`;
  await writeFile(policy, JSON.stringify(auditPolicy(user)));
  return startControlPlane({
    name: "bench",
    controllerManager: true,
    scheduler: true,
    report: options.report,
    apiServerArguments: [
      `--audit-policy-file=${policy}`,
      `--audit-log-path=${auditLog}`,
      "--audit-log-maxsize=8000", // megabytes; a log that is rotated would be counted in part
    ],
    controllerManagerArguments: [controllers, ...rates],
    schedulerArguments: rates,
  });
}

/** The chart without its Deployment and its test: the operator runs beside the cluster, with the rights that the chart gives it. */
async function installRights(plane: ControlPlane): Promise<Awaited<ReturnType<typeof render>>> {
  const chart = await render(leastValues);
  for (const name of [release.namespace, namespace]) await plane.kubectl(["create", "namespace", name]);
  const input = chart
    .filter(({ kind, metadata }) => kind !== "Deployment" && metadata.annotations?.["helm.sh/hook"] === undefined)
    .map((manifest) => JSON.stringify(manifest))
    .join("\n---\n");
  await plane.kubectl(["apply", "--server-side", "-n", release.namespace, "-f", "-"], { input });
  await established(plane);
  return chart;
}

/** Gives what ends it. */
async function startFakeNode(plane: ControlPlane): Promise<() => Promise<void>> {
  const script = join(import.meta.dirname, "fake-node.ts");
  const child: ChildProcess = spawn(process.execPath, [script, "--kubeconfig", plane.adminKubeconfigPath], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const outcome = await Promise.race([once(child.stdout ?? child, "data"), ended.then(() => "ended" as const)]);
  if (outcome === "ended") throw new Error("the fake node ended at once");
  return async () => {
    child.stdin?.end();
    await ended;
  };
}

/**
 * Makes a model and a child of it while no operator runs, reads what the API server made of it, and takes the model
 * away again. Then waits until the garbage collector has followed: it learns of a new kind only every half minute.
 */
async function learnTemplates(admin: Admin): Promise<readonly ChildTemplate[]> {
  const path = collectionPath(kinds.model);
  const create = () => admin.call("POST", path, JSON.stringify(modelManifest("template")));
  // A new kind is served a moment after it is established.
  const accepted = (await waitFor("the first model", create, { timeoutMilliseconds: 30_000 })) as RawModel;
  const templates = childTemplates(accepted);
  // Any that nothing else reacts to. The record of digests is no child of the first pass: it waits for a pod's report.
  const [child] = templates.filter(({ kind }) => kind === kinds.podDisruptionBudget);
  if (child === undefined) throw new Error("the operator makes no PodDisruptionBudget for a model");
  await admin.call("POST", collectionPath(child.kind), childText(child, "template", accepted.metadata.uid));
  await admin.call("DELETE", `${path}/template`);
  const isCollected = async (): Promise<void> => {
    const { items } = (await admin.call("GET", `${collectionPath(child.kind)}?labelSelector=${labels.model}`)) as {
      readonly items: readonly unknown[];
    };
    if (items.length > 0) throw new Error("its child is still there");
  };
  await waitFor("the garbage collector knows the kind", isCollected, {
    timeoutMilliseconds: 120_000,
    intervalMilliseconds: 500,
  });
  return templates;
}
