/** spec.scaling and autoscalers of others against a real API server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { kubernetesVersion } from "../../cluster/kubernetes-module.ts";
import { type Bench, condition, digest, eventually, model, startBench } from "./harness.ts";

let bench: Bench;

before(async () => {
  bench = await startBench({ kind: "ready", digest: digest("1") });
  await bench.startOperator();
});

after(() => bench.stop());

const pinned = {
  versions: [
    { name: "v1", uri: "oci://registry.test/models/demo:1", digest: digest("1") },
    { name: "v2", uri: "oci://registry.test/models/demo:2", digest: digest("1") },
  ],
};
const resources = { requests: { cpu: "100m", memory: "64Mi" } };

async function ready(name: string): Promise<void> {
  await eventually(`${name} is Ready`, async () => condition(await bench.status(name), "Ready").status === "True");
}

async function lookedAtAgain(name: string): Promise<void> {
  await bench.patchModel(name, { restartToken: "look again" });
  await eventually("the model was looked at again", async () => {
    const { status, metadata } = await bench.get("md", name);
    return status.observedGeneration === metadata.generation;
  });
}

test("scaling makes an autoscaler that is aimed at the model, follows its edits, and takes it away again", async () => {
  await bench.apply(model("scaled", { ...pinned, resources, scaling: { min: 2, max: 5 } }));
  const scaler = await eventually("the autoscaler is there", () => bench.get("hpa", "scaled"));
  assert.deepEqual(scaler.spec.scaleTargetRef, {
    apiVersion: "slipway.dev/v1alpha1",
    kind: "ModelDeployment",
    name: "scaled",
  });
  assert.equal(scaler.spec.metrics[0].resource.target.averageUtilization, 80);
  await bench.patchModel("scaled", { scaling: { max: 7 } });
  await eventually("it is edited", async () => (await bench.get("hpa", "scaled")).spec.maxReplicas === 7);
  await bench.patchModel("scaled", { scaling: null });
  await eventually(
    "it is gone",
    async () => !(await bench.list("hpa")).some(({ metadata }) => metadata.name === "scaled"),
  );
});

test("a behavior that is taken away, in part or whole, goes back to that of Kubernetes", async () => {
  const slowly = [{ type: "Pods", value: 1, periodSeconds: 60 }];
  const behavior = { scaleUp: { policies: slowly }, scaleDown: { stabilizationWindowSeconds: 60 } };
  await bench.apply(model("paced", { ...pinned, resources, scaling: { max: 3, behavior } }));
  await ready("paced");
  const up = { selectPolicy: "Max", stabilizationWindowSeconds: 0 };
  const double = { type: "Percent", value: 100, periodSeconds: 15 };
  const down = { selectPolicy: "Max", policies: [double] };
  const becomes = async (expected: object | undefined): Promise<void> => {
    await eventually(`it is ${JSON.stringify(expected)}`, async () =>
      isDeepStrictEqual((await bench.get("hpa", "paced")).spec.behavior, expected),
    );
  };
  await becomes({ scaleUp: { ...up, policies: slowly }, scaleDown: { ...down, stabilizationWindowSeconds: 60 } });
  await bench.patchModel("paced", { scaling: { behavior: { scaleDown: { stabilizationWindowSeconds: null } } } });
  await becomes({ scaleUp: { ...up, policies: slowly }, scaleDown: down });
  await bench.patchModel("paced", { scaling: { behavior: { scaleUp: null } } });
  await becomes({
    scaleUp: { ...up, policies: [{ type: "Pods", value: 4, periodSeconds: 15 }, double] },
    scaleDown: down,
  });
  await lookedAtAgain("paced");
  assert.equal((await bench.status("paced")).drift, undefined, "what Kubernetes fills in is no difference");
  await bench.patchModel("paced", { scaling: { behavior: null } });
  await becomes(undefined);
});

test("a tolerance reaches the autoscaler, or is told where Kubernetes has none yet", async () => {
  await bench.apply(model("tolerant", { ...pinned, resources, scaling: { max: 3 } }));
  await ready("tolerant");
  await bench.patchModel("tolerant", { scaling: { behavior: { scaleUp: { tolerance: 0.05 } } } });
  // Stable since 1.37 and on since 1.35; the API of 1.30 does not have the field.
  if (kubernetesVersion().startsWith("v1.30.")) {
    const { message } = await eventually("it is told", async () => {
      const stalled = condition(await bench.status("tolerant"), "Stalled");
      return stalled.reason === "Refused" ? stalled : undefined;
    });
    assert.match(message, /unknown field "spec\.behavior\.scaleUp\.tolerance"/);
  } else {
    await eventually(
      "the autoscaler has it",
      async () => (await bench.get("hpa", "tolerant")).spec.behavior?.scaleUp.tolerance === "50m",
    );
    await lookedAtAgain("tolerant");
  }
  assert.equal((await bench.status("tolerant")).drift, undefined, "nobody else has changed anything");
});

test("min above max is refused by the API server, with the field", async () => {
  await assert.rejects(
    bench.apply(model("minmax", { ...pinned, scaling: { min: 5, max: 2 } })),
    /spec.scaling.min must not be above spec.scaling.max/,
  );
});

test("CPU scaling without a CPU request is told, and a write to /scale passes all the same", async () => {
  await bench.apply(model("norequest", { ...pinned, scaling: { max: 3 } }));
  await eventually(
    "it is told",
    async () => condition(await bench.status("norequest"), "Ready").reason === "ScalingWithoutRequest",
  );
  await bench.plane.kubectl(["scale", "md", "norequest", "--replicas=2"]);
  await bench.plane.kubectl(["patch", "md", "norequest", "--type=merge", "-p", '{"spec":{"version":"v2"}}']);
  await bench.plane.kubectl(["patch", "md", "norequest", "--type=merge", "-p", '{"spec":{"version":"v1"}}']);
  await eventually("two pods serve", async () => (await bench.status("norequest")).readyReplicas === 2);
});

test("a request counts wherever it comes from, and a sidecar that has none is told", async () => {
  await bench.apply(
    model("sidecar", { ...pinned, resources, scaling: { max: 3 }, ...withContainer({ image: "s:1" }) }),
  );
  await eventually("it is told", async () =>
    /container side requests none/.test(condition(await bench.status("sidecar"), "Stalled").message),
  );
  await bench.apply(
    model("templated", { ...pinned, scaling: { max: 3 }, ...withContainer({ name: "server", resources }) }),
  );
  await ready("templated");
  const limits = [{ type: "Container", defaultRequest: { cpu: "100m" } }];
  await bench.apply({ apiVersion: "v1", kind: "LimitRange", metadata: { name: "requests" }, spec: { limits } });
  await bench.apply(model("ranged", { ...pinned, scaling: { max: 3 } }));
  await ready("ranged");
  await bench.plane.kubectl(["delete", "limitrange", "requests"]);
  for (const name of ["templated", "ranged"]) {
    assert.equal(condition(await bench.status(name), "Stalled").status, "False", name);
  }
});

function withContainer(container: object): object {
  return { podTemplate: { spec: { containers: [{ name: "side", ...container }] } } };
}

test("memory scaling without a memory request is told as well", async () => {
  const cpuOnly = { requests: { cpu: "100m" } };
  await bench.apply(model("nomemory", { ...pinned, resources: cpuOnly, scaling: { max: 3, metric: "Memory" } }));
  const status = await eventually("it is told", async () => {
    const seen = await bench.status("nomemory");
    return condition(seen, "Ready").reason === "ScalingWithoutRequest" ? seen : undefined;
  });
  assert.match(condition(status, "Ready").message, /metric Memory .* set spec\.resources\.requests\.memory/);
  await bench.patchModel("nomemory", { resources: { requests: { memory: "64Mi" } } });
  await ready("nomemory");
});

test("an autoscaler of the user's own turns a model without spec.scaling, and is no problem", async () => {
  await bench.apply(model("own", { ...pinned, resources }));
  await ready("own");
  const target = { apiVersion: "slipway.dev/v1alpha1", kind: "ModelDeployment", name: "own" };
  await bench.apply({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "theirs" },
    // Without metrics it still keeps to its bounds.
    spec: { scaleTargetRef: target, minReplicas: 2, maxReplicas: 4 },
  });
  await eventually("it has scaled", async () => (await bench.status("own")).readyReplicas === 2);
  await ready("own");
  const status = await bench.status("own");
  assert.equal(condition(status, "Ready").reason, "Serving");
  assert.equal(condition(status, "Stalled").status, "False");
  assert.equal((await bench.get("md", "own")).spec.replicas, 2);
  await bench.plane.kubectl(["delete", "hpa", "theirs"]);
});

test("two autoscalers of the user's own on one model are both named, until one is gone", async () => {
  await bench.apply(model("rivals", { ...pinned, resources }));
  await ready("rivals");
  const scaleTargetRef = { apiVersion: "slipway.dev/v1alpha1", kind: "ModelDeployment", name: "rivals" };
  for (const name of ["mine-a", "mine-b"]) {
    const spec = { scaleTargetRef, minReplicas: 1, maxReplicas: 2 };
    await bench.apply({ apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", metadata: { name }, spec });
  }
  const both = /autoscaler mine-a and HorizontalPodAutoscaler mine-b all turn spec.replicas: keep one, and delete/i;
  await eventually("both are named", async () => both.test(condition(await bench.status("rivals"), "Stalled").message));
  await bench.plane.kubectl(["delete", "hpa", "mine-b"]);
  await ready("rivals");
  await bench.plane.kubectl(["delete", "hpa", "mine-a"]);
});

test("a second autoscaler on the model, or one on its Deployment, is named", async () => {
  await bench.apply(model("twice", { ...pinned, resources, scaling: { max: 3 } }));
  await ready("twice");
  const { currentRevision } = await bench.status("twice");
  const rival = (target: object): object => ({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "rival" },
    spec: { scaleTargetRef: target, maxReplicas: 9, metrics: [] },
  });
  await bench.apply(rival({ apiVersion: "slipway.dev/v1alpha1", kind: "ModelDeployment", name: "twice" }));
  await eventually("it is named", async () =>
    /autoscaler rival turns spec.replicas/i.test(condition(await bench.status("twice"), "Stalled").message),
  );
  await bench.plane.kubectl(["delete", "hpa", "rival"]);
  await ready("twice");
  await bench.apply(rival({ apiVersion: "apps/v1", kind: "Deployment", name: `twice-${currentRevision}` }));
  await eventually("it is named", async () =>
    /aim it at ModelDeployment twice/.test(condition(await bench.status("twice"), "Stalled").message),
  );
  await bench.plane.kubectl(["delete", "hpa", "rival"]);
  await ready("twice");
});
