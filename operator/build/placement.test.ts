import assert from "node:assert/strict";
import { test } from "node:test";
import { placement } from "./placement.ts";

const gpu = { count: 1, resourceName: "nvidia.com/gpu" };

const linux = { "kubernetes.io/os": "linux" };

test("without placement and GPU a pod's spec asks for Linux alone", () => {
  assert.deepEqual(placement("m", "r", undefined, undefined), { nodeSelector: linux });
});

test("a node selector is merged with that for Linux, and its own value of that label counts", () => {
  const selected = (nodeSelector: Readonly<Record<string, string>>): unknown =>
    placement("m", "r", { nodeSelector }, undefined).nodeSelector;
  assert.deepEqual(selected({}), linux);
  assert.deepEqual(selected({ pool: "models" }), { ...linux, pool: "models" });
  assert.deepEqual(selected({ "kubernetes.io/os": "other", pool: "models" }), {
    "kubernetes.io/os": "other",
    pool: "models",
  });
});

for (const [resourceName, keys] of [
  ["nvidia.com/gpu", ["nvidia.com/gpu"]],
  ["nvidia.com/mig-1g.5gb", ["nvidia.com/mig-1g.5gb", "nvidia.com/gpu"]],
  ["amd.com/gpu", ["amd.com/gpu"]],
] as const) {
  test(`${resourceName} brings tolerations of the taints that its nodes have: ${keys.join(", ")}`, () => {
    const { tolerations } = placement("m", "r", undefined, { ...gpu, resourceName });
    assert.deepEqual(
      tolerations,
      keys.map((key) => ({ key, operator: "Exists", effect: "NoSchedule" })),
    );
  });
}

for (const [resourceName, labelled] of [
  ["nvidia.com/gpu", "nvidia.com/gpu"],
  ["nvidia.com/gpu.shared", "nvidia.com/gpu"],
  ["nvidia.com/mig-1g.5gb", "nvidia.com/mig-1g.5gb"],
  ["amd.com/gpu", "amd.com/gpu"],
] as const) {
  test(`products and memory of ${resourceName} become node affinity, at least n as more than n - 1`, () => {
    const wanted = { ...gpu, resourceName, products: ["NVIDIA-L4"], minMemory: "16Gi" };
    const { affinity } = placement("m", "r", undefined, wanted);
    assert.deepEqual(affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms, [
      {
        matchExpressions: [
          { key: `${labelled}.product`, operator: "In", values: ["NVIDIA-L4"] },
          { key: `${labelled}.memory`, operator: "Gt", values: ["16383"] },
        ],
      },
    ]);
  });
}

test("requirements join each alternative of the user's own affinity", () => {
  const zones = ["a", "b"].map((zone) => ({ matchExpressions: [{ key: "zone", operator: "In", values: [zone] }] }));
  const wanted = {
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: zones } } },
  };
  const { affinity } = placement("m", "r", wanted, { ...gpu, products: ["NVIDIA-L4"] });
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  assert.deepEqual(
    terms.map((term) => term.matchExpressions?.map(({ key }) => key)),
    [
      ["zone", "nvidia.com/gpu.product"],
      ["zone", "nvidia.com/gpu.product"],
    ],
  );
});

test("a spread without a selector counts the pods of the same revision", () => {
  const constraint = { maxSkew: 1, topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway" };
  const { topologySpreadConstraints } = placement("m", "r", { topologySpreadConstraints: [constraint] }, undefined);
  assert.deepEqual(topologySpreadConstraints, [
    { labelSelector: { matchLabels: { "slipway.dev/model": "m", "slipway.dev/revision": "r" } }, ...constraint },
  ]);
});
