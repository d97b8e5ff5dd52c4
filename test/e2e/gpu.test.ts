/**
 * GPU selection against the real scheduler. There is no GPU: capacity is advertised by patching node status, and the
 * second node is an object without a kubelet, which is as much as the scheduler looks at; what a kubelet says all the
 * time is said for it, as a node that is silent for 50 s takes no pod.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { KubeObject, Resource } from "../../operator/kube/transport/resources.ts";
import { type Bench, startBench } from "./bench.ts";
import { model, pushVersions } from "./models.ts";
import { eventually, reached } from "./wait.ts";

const nodes: Resource = { group: "", version: "v1", plural: "nodes", kind: "Node" };
const far = "gpu-far";
const gpu = { "nvidia.com/gpu": "1" };
const taint = { key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" };
/** There is nothing behind the capacity, and a model with a GPU refuses to run without. */
const onCpu = { session: { providers: ["cpu"] } };
/** As often as a kubelet renews its lease. */
const heartbeatMs = 10_000;

let bench: Bench;
let real: string;
let heart: NodeJS.Timeout;
let versions: Awaited<ReturnType<typeof pushVersions>>;

before(async () => {
  bench = await startBench("e2e-gpu");
  versions = await pushVersions(bench, "gpu");
  real = await bench.kubectl("get", "nodes", "-l", "!test-node", "-o", "jsonpath={.items[0].metadata.name}");
  await offer(real, "NVIDIA-L4", "24576");
  await bench.apply({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: far, labels: { "test-node": "true", "kubernetes.io/os": "linux" } },
    spec: { taints: [taint] },
  });
  await offer(far, "NVIDIA-T4", "16384");
  const resources = { ...gpu, cpu: "8", memory: "32Gi", pods: "10" };
  const since = new Date().toISOString();
  await patchStatus(far, { capacity: resources, allocatable: resources, conditions: [ready(since)] });
  heart = setInterval(() => {
    patchStatus(far, { conditions: [ready(since)] }).catch((error: Error) =>
      process.stderr.write(`${error.message}\n`),
    );
  }, heartbeatMs);
  await eventually("the scheduler may use the second node", async () => {
    const { spec } = await bench.client.get<KubeObject & { spec: { taints?: { key: string }[] } }>(
      nodes,
      undefined,
      far,
    );
    assert.deepEqual(
      spec.taints?.map(({ key }) => key),
      [taint.key],
    );
  });
});

after(async () => {
  clearInterval(heart);
  await bench.kubectl("delete", "node", far, "--ignore-not-found");
  const labels = ["nvidia.com/gpu", "nvidia.com/mig-1g.5gb"].flatMap((name) => [`${name}.product-`, `${name}.memory-`]);
  await bench.kubectl("label", "node", real, ...labels);
  await patchStatus(real, { capacity: { "nvidia.com/gpu": null, "nvidia.com/mig-1g.5gb": null } });
  await bench.stop();
});

async function offer(node: string, product: string, memory: string): Promise<void> {
  await bench.kubectl(
    "label",
    "node",
    node,
    `nvidia.com/gpu.product=${product}`,
    `nvidia.com/gpu.memory=${memory}`,
    "--overwrite",
  );
  await patchStatus(node, { capacity: gpu });
}

function ready(lastTransitionTime: string): object {
  const lastHeartbeatTime = new Date().toISOString();
  return { type: "Ready", status: "True", reason: "Test", message: "", lastHeartbeatTime, lastTransitionTime };
}

async function patchStatus(node: string, status: object): Promise<void> {
  await bench.client.patch(
    nodes,
    undefined,
    node,
    { status },
    { type: "merge", subresource: "status", fieldManager: "test" },
  );
}

test("a GPU is a limit, its taint is tolerated, and product and memory choose the node", async () => {
  await eventually("the kubelet offers it", async () => {
    assert.equal(
      await bench.kubectl("get", "node", real, "-o", "jsonpath={.status.allocatable.nvidia\\.com/gpu}"),
      "1",
    );
  });
  await bench.apply(model("fits", versions, { server: onCpu, gpu: { products: ["NVIDIA-L4"], minMemory: "20Gi" } }));
  await reached(bench, "fits", "v1");
  const [pod] = await bench.pods("fits");
  assert.ok(pod);
  assert.equal(await bench.kubectl("get", "pod", pod.metadata.name, "-o", "jsonpath={.spec.nodeName}"), real);
});

test("another product goes to the tainted node that has it", async () => {
  await bench.apply(model("elsewhere", versions, { gpu: { products: ["NVIDIA-T4"] } }));
  await eventually("it is placed", async () => {
    const [pod] = await bench.pods("elsewhere");
    assert.ok(pod);
    assert.equal(await bench.kubectl("get", "pod", pod.metadata.name, "-o", "jsonpath={.spec.nodeName}"), far);
  });
});

test("the memory of a slice is that of the slice, not of the card that it is cut from", async () => {
  const slice = "nvidia.com/mig-1g.5gb";
  await bench.kubectl("label", "node", real, `${slice}.product=NVIDIA-L4-MIG-1g.5gb`, `${slice}.memory=4864`);
  await patchStatus(real, { capacity: { [slice]: "7" } });
  await bench.apply(model("slice", versions, { server: onCpu, gpu: { resourceName: slice, minMemory: "4Gi" } }));
  await reached(bench, "slice", "v1");
  await bench.apply(model("large-slice", versions, { gpu: { resourceName: slice, minMemory: "16Gi" } }));
  await told("large-slice", new RegExp(`${real}: 4864Mi, and 16Gi of GPU memory are asked for`));
  // The text follows the nodes, though nothing of the model has changed.
  await bench.kubectl("label", "node", real, `${slice}.memory=9728`, "--overwrite");
  await told("large-slice", new RegExp(`${real}: 9728Mi, and 16Gi of GPU memory are asked for`));
});

test("when nothing fits, status says which node lacks what", async () => {
  await bench.apply(model("no-product", versions, { gpu: { products: ["NVIDIA-A100-SXM4-40GB"] } }));
  await told("no-product", new RegExp(`${real}: NVIDIA-L4 is not among NVIDIA-A100-SXM4-40GB`));
  await told("no-product", /gpu-far: NVIDIA-T4 is not among/);
  await bench.apply(model("no-memory", versions, { gpu: { minMemory: "80Gi" } }));
  await told("no-memory", new RegExp(`${real}: 24576Mi, and 80Gi of GPU memory are asked for`));
  await bench.apply(model("in-use", versions, { gpu: { products: ["NVIDIA-L4"] } }));
  await told(
    "in-use",
    new RegExp(`Insufficient nvidia.com/gpu.*${real}: fits by its labels and size, and how much .* is not known`),
  );
});

async function told(name: string, says: RegExp): Promise<void> {
  await eventually(`${name} says ${says.source}`, async () => {
    const { lastFailure, conditions } = await bench.status(name);
    assert.equal(lastFailure?.stage, "Schedule");
    assert.equal(lastFailure.reason, "Unschedulable");
    assert.match(lastFailure.message, says);
    assert.equal(conditions?.find(({ type }) => type === "Ready")?.status, "False");
  });
}
