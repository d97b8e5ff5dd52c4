import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { kinds } from "../../operator/api/kinds.ts";
import { systemClock } from "../../operator/kube/clock.ts";
import { createMetrics } from "../../operator/kube/metrics.ts";
import { createReflector } from "../../operator/kube/watch/reflector.ts";
import type { KubeObject, Resource } from "../../operator/kube/transport/resources.ts";
import { ask, sumOf } from "./ask.ts";
import type { Bench } from "./bench.ts";
import { addressOf, isReady, type Pod, podResource } from "./pods.ts";
import { eventually } from "./wait.ts";

export const systemNamespace = "slipway-system";
const leaseName = "slipway-operator";
const leaseResource: Resource = { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease" };

/** One state of the lease: who had it, since when, and when that was last written. Times in ms since the epoch. */
export interface Tenure {
  /** Pod of the holder; undefined while nobody has the lease. */
  readonly pod: string | undefined;
  readonly acquiredMs: number;
  readonly renewedMs: number;
}

interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity?: string; readonly acquireTime: string; readonly renewTime: string };
}

/** The lease of the operators as it passes from hand to hand. */
export interface Leadership {
  /** Every state since the start, the newest last. */
  states(): readonly Tenure[];
  leader(): string | undefined;
  stop(): Promise<void>;
}

export async function followLeadership(bench: Bench): Promise<Leadership> {
  const states: Tenure[] = [];
  const lease = createReflector<Tenure, Lease>({
    transport: bench.transport,
    resource: leaseResource,
    namespace: systemNamespace,
    fieldSelector: `metadata.name=${leaseName}`,
    project: ({ spec }) => ({
      pod: spec.holderIdentity?.split("_")[0],
      acquiredMs: Date.parse(spec.acquireTime),
      renewedMs: Date.parse(spec.renewTime),
    }),
    onChange: (change) => {
      if (change.kind !== "removed") states.push(change.now);
    },
    clock: systemClock,
    random: Math.random,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    metrics: createMetrics(),
  });
  lease.start();
  await lease.whenSynced();
  return {
    states: () => states,
    leader: () => states.at(-1)?.pod,
    stop: () => lease.stop(),
  };
}

function nothing(): void {
  // A test reads the lease, not the log.
}

export async function operatorPods(bench: Bench): Promise<readonly Pod[]> {
  // `helm test` leaves a pod of the release, too.
  const labelSelector = "app.kubernetes.io/name=slipway,app.kubernetes.io/component=operator";
  const options = { namespace: systemNamespace, labelSelector };
  const { items } = await bench.client.list<Pod>(podResource, options);
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** Both operators are ready, and one of them holds the lease. */
export function settled(bench: Bench, leadership: Leadership): Promise<Pod> {
  return eventually("two operators, one of them at work", async () => {
    const pods = await operatorPods(bench);
    assert.deepEqual(pods.map(isReady), [true, true]);
    const leader = pods.find(({ metadata }) => metadata.name === leadership.leader());
    return leader ?? assert.fail(`${leadership.leader()} holds the lease`);
  });
}

/** The operator in a pod has nothing left to do of what it found when it came to power. */
export async function hasReconciled(bench: Bench, podName: string | undefined): Promise<void> {
  const pod = (await operatorPods(bench)).find(({ metadata }) => metadata.name === podName);
  assert.ok(pod, `${podName} is gone`);
  await eventually(`${podName} has made its first passes`, async () => {
    const { text } = await ask(bench, `http://${addressOf(pod)}:8080/metrics`);
    assert.ok(sumOf(text, "controller_runtime_reconcile_total") > 0, "no pass yet");
    assert.equal(sumOf(text, "workqueue_depth") + sumOf(text, "controller_runtime_active_workers"), 0);
  });
}

/** Ends the operator in a pod as the kernel does when memory is short: it has no say in it. */
export function killOperator({ metadata }: Pod): void {
  const processes = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  const victims = processes.filter(
    (id) => read(`/proc/${id}/cgroup`).includes(metadata.uid) && read(`/proc/${id}/cmdline`).includes("/app/main.mjs"),
  );
  assert.equal(victims.length, 1, `the processes of ${metadata.name}: ${victims.join(", ")}`);
  process.kill(Number(victims[0]), "SIGKILL");
}

/** Empty when the process has ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

const eventResource: Resource = { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event" };
const namespaced = Object.values(kinds).filter((kind) => kind !== kinds.node);
const writtenResources: readonly Resource[] = [...namespaced, eventResource];

/** resourceVersion of everything that the operator writes to in the namespace, Events included: equal when nothing was. */
export async function versionsOfAll(bench: Bench): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const resource of writtenResources) {
    const { items } = await bench.client.list(resource, { namespace: bench.namespace });
    for (const { metadata } of items) found[`${resource.kind}/${metadata.name}`] = metadata.resourceVersion;
  }
  for (const kind of [kinds.model, kinds.deployment, kinds.service, kinds.pod]) {
    assert.ok(
      Object.keys(found).some((each) => each.startsWith(`${kind.kind}/`)),
      `no ${kind.kind} to compare`,
    );
  }
  return found;
}
