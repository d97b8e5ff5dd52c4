/**
 * No pod of ours goes to a node of another operating system, by the word of the real scheduler. The nodes are objects
 * without a kubelet, which is as much as the scheduler looks at, labelled as kubelets label them.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { V1PodSpec } from "@kubernetes/client-node";
import type { Json, JsonObject } from "../../operator/api/json.ts";
import { mergeTemplate } from "../../operator/build/merge-template.ts";
import { podTemplate, type TemplateInputs } from "../../operator/build/pod-template.ts";
import { leastValues, only, render } from "../chart/render.ts";
import { type ControlPlane, startControlPlane } from "../cluster/control-plane.ts";
import { eventually } from "./server/harness.ts";

/** Room for every pod here on each node, so that nothing but labels decides. */
const room = { cpu: "100", memory: "1Ti", pods: "100" };

let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane({ scheduler: true });
  await create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } });
  await addNode("windows");
});
after(() => plane.stop());

async function create(manifest: object): Promise<void> {
  await plane.kubectl(["create", "-f", "-"], { input: JSON.stringify(manifest) });
}

async function addNode(os: string): Promise<void> {
  await create({ apiVersion: "v1", kind: "Node", metadata: { name: `${os}-1`, labels: { "kubernetes.io/os": os } } });
  const condition = { type: "Ready", status: "True", reason: "KubeletReady", message: "" };
  const status = JSON.stringify({ status: { capacity: room, allocatable: room, conditions: [condition] } });
  await plane.kubectl(["patch", "node", `${os}-1`, "--subresource=status", "-p", status]);
  // A node begins with the taint of one that is not ready, and nothing but a controller manager takes it away.
  await plane.kubectl(["patch", "node", `${os}-1`, "--type=merge", "-p", '{"spec":{"taints":null}}']);
}

/** A pod of a model, as its Deployment would make it. */
function modelPod(name: string, placement: TemplateInputs["placement"], override: JsonObject = {}): object {
  const template = podTemplate({
    model: name,
    revision: "0123456789",
    version: { name: "v1", uri: "oci://registry.test/models/demo:1" },
    image: "registry.test/slipway/server:1",
    env: [],
    resources: undefined,
    session: undefined,
    corsOrigins: undefined,
    batching: undefined,
    source: undefined,
    gpu: undefined,
    placement,
    proxy: { http: "", https: "", exceptions: [] },
    plainHttpHosts: [],
    certificateAuthority: "",
  });
  const merged = mergeTemplate(template as unknown as JsonObject, override);
  return { apiVersion: "v1", kind: "Pod", ...merged, metadata: { ...(merged["metadata"] as JsonObject), name } };
}

/** The pod's own word: where it was put, or why nowhere. */
async function decision(name: string): Promise<string> {
  let found = "";
  await eventually(
    `the scheduler has decided on ${name}`,
    async () => {
      const path = '{.spec.nodeName}{.status.conditions[?(@.type=="PodScheduled")].message}';
      found = (await plane.kubectl(["get", "pod", name, "-o", `jsonpath=${path}`])).stdout;
      return found !== "";
    },
    decisionSeconds,
  );
  return found;
}

/** The scheduler takes milliseconds; this is how long a machine that others use may keep it from starting. */
const decisionSeconds = 120;

const noNodeFits = /^0\/1 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector/;

test("on a node of Windows alone neither a model's pods nor the operator's nor the chart's test find room", async () => {
  await create(modelPod("model", undefined));
  const rendered = await render(leastValues);
  const { template } = (only(rendered, "Deployment") as unknown as { spec: { template: { spec: V1PodSpec } } }).spec;
  const { serviceAccountName: _account, ...operator } = template.spec;
  await create({ apiVersion: "v1", kind: "Pod", metadata: { name: "operator" }, spec: operator });
  const { spec } = only(rendered, "Pod") as unknown as { spec: V1PodSpec };
  await create({ apiVersion: "v1", kind: "Pod", metadata: { name: "test" }, spec });
  for (const name of ["model", "operator", "test"]) assert.match(await decision(name), noNodeFits, name);
});

test("a node selector of the user's own is added, and one that names the operating system counts", async () => {
  const os = { "kubernetes.io/os": "windows" };
  const ofPods = (nodeSelector: Json): JsonObject => ({ spec: { nodeSelector } });
  await create(modelPod("elsewhere", { nodeSelector: os }));
  await create(modelPod("by-template", undefined, ofPods(os)));
  await create(modelPod("anywhere", undefined, ofPods({ "kubernetes.io/os": null })));
  await create(modelPod("pool", { nodeSelector: { pool: "models" } }, ofPods({ disk: "fast" })));
  for (const name of ["elsewhere", "by-template", "anywhere"]) assert.equal(await decision(name), "windows-1", name);
  // It waits for a node of Linux that has both labels, see below: this one is not enough.
  await plane.kubectl(["label", "node", "windows-1", "pool=models", "disk=fast"]);
});

test("what waits goes to the node of Linux as soon as there is one", async () => {
  await addNode("linux");
  await plane.kubectl(["label", "node", "linux-1", "pool=models", "disk=fast"]);
  for (const name of ["model", "operator", "test", "pool"]) {
    await eventually(`${name} is placed`, async () => (await decision(name)) === "linux-1", decisionSeconds);
  }
});
