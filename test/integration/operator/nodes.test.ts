/** What status tells of nodes follows them, and what nodes say all the time costs nothing. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Resource } from "../../../operator/kube/transport/resources.ts";
import { type Bench, digest, eventually, model, type OperatorProcess, servesVersion, startBench } from "./harness.ts";

const nodes: Resource = { group: "", version: "v1", plural: "nodes", kind: "Node" };
const versions = [{ name: "v1", uri: "oci://registry.test/models/demo:1", digest: digest("1") }];
/** Changes of nodes are gathered for this long, and then there is a pass. */
const gatherMs = 2_000;
/** Longer than that, and than it takes until a pod that is not ready counts, which is a pass of its own. */
const settledMs = 6_000;

let bench: Bench;
let operator: OperatorProcess;

before(async () => {
  bench = await startBench({ kind: "unschedulable", message: "0/1 nodes are available." });
  operator = await bench.startOperator();
});

after(() => bench.stop());

/** Labelled as every kubelet labels its node. */
async function addNode(name: string): Promise<void> {
  await bench.apply({ apiVersion: "v1", kind: "Node", metadata: { name, labels: { "kubernetes.io/os": "linux" } } });
}

async function patchStatus(status: object): Promise<void> {
  const options = { type: "merge", subresource: "status", fieldManager: "kubelet" } as const;
  await bench.client.patch(nodes, undefined, "gpu-1", { status }, options);
}

async function told(says: RegExp): Promise<void> {
  const message = async (): Promise<string> => (await bench.status("waits")).lastFailure?.message ?? "";
  await eventually(`status says ${says.source}`, async () => says.test(await message()));
}

/** The number of passes, once none has come for long enough that none is still to come. */
async function settledPasses(): Promise<number> {
  let seen = await operator.passes();
  await eventually("no more passes come", async () => {
    const earlier = seen;
    await delay(settledMs);
    seen = await operator.passes();
    return seen === earlier;
  });
  return seen;
}

function ready(lastHeartbeatTime: string): object {
  return { conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "", lastHeartbeatTime }] };
}

test("a model that waits for a GPU tells of nodes as they are now: added, labelled, with devices, and gone", async () => {
  const gpu = { count: 2, products: ["NVIDIA-L4"] };
  await addNode("cpu-1");
  await bench.apply(model("waits", { versions, gpu }));
  await told(/\(no node offers nvidia\.com\/gpu\)$/);
  await addNode("gpu-1");
  await patchStatus({ ...ready("2026-01-01T00:00:00Z"), allocatable: { "nvidia.com/gpu": "1" } });
  await told(/\(gpu-1: no label nvidia\.com\/gpu\.product is not among NVIDIA-L4\)$/);
  await bench.plane.kubectl(["label", "node", "gpu-1", "nvidia.com/gpu.product=NVIDIA-L4"]);
  await told(/\(gpu-1: offers 1 nvidia\.com\/gpu, and 2 are asked for\)$/);
  await bench.plane.kubectl(["delete", "node", "gpu-1"]);
  await told(/\(no node offers nvidia\.com\/gpu\)$/);
  await bench.plane.kubectl(["delete", "node", "cpu-1"]);
});

test("of another maker's devices a node says what somebody has labelled it with", async () => {
  const gpu = { resourceName: "amd.com/gpu", minMemory: "16Gi" };
  await addNode("gpu-1");
  await patchStatus({ ...ready("2026-01-01T00:00:00Z"), allocatable: { "amd.com/gpu": "1" } });
  await bench.apply(model("waits", { versions, gpu }));
  await told(/\(gpu-1: no label amd\.com\/gpu\.memory, and 16Gi of GPU memory are asked for\)$/);
  await bench.plane.kubectl(["label", "node", "gpu-1", "amd.com/gpu.memory=65536"]);
  await told(/\(gpu-1: (?!no label)/);
  await bench.plane.kubectl(["delete", "node", "gpu-1"]);
});

test("a heartbeat brings no pass, and a change of a node none of a model that it cannot concern", async () => {
  bench.pods.decide("serves", { kind: "ready", digest: digest("1") });
  await addNode("gpu-1");
  await patchStatus({ ...ready("2026-01-01T00:00:00Z"), allocatable: { "nvidia.com/gpu": "1" } });
  await bench.apply(model("waits", { versions, gpu: { products: ["NVIDIA-L4"] } }));
  await told(/\(gpu-1: no label/);
  const serving = [{ ...versions[0], name: "serves" }];
  await bench.apply(model("serves", { version: "serves", versions: serving, gpu: { count: 1 } }));
  await servesVersion(bench, "serves", "serves");
  const settled = await settledPasses();
  await patchStatus(ready("2026-01-01T00:05:00Z"));
  await patchStatus({ images: [{ names: ["registry.test/server:1"], sizeBytes: 1 }] });
  assert.equal(await settledPasses(), settled, "a heartbeat, and a list of images");
  const changes = 30;
  const started = performance.now();
  for (let change = 0; change < changes; change++) {
    const labelled = { metadata: { labels: { zone: `z${change}` } } };
    await bench.client.patch(nodes, undefined, "gpu-1", labelled, { type: "merge", fieldManager: "labeller" });
  }
  // One for all that is gathered in each period, of which the first and the last may be begun.
  const most = Math.ceil((performance.now() - started) / gatherMs) + 1;
  const passes = (await settledPasses()) - settled;
  assert.ok(passes >= 1 && passes <= most, `${passes} passes of the one model that waits, for ${changes} changes`);
});
