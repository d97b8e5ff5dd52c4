import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Bench, startBench } from "./bench.ts";
import { underLoad } from "./load.ts";
import { model, pushVersions } from "./models.ts";
import { eventually, reached } from "./wait.ts";

const name = "busy";
/** metrics-server measures every 10 s, the autoscaler looks every 15 s, and the first values need two rounds. */
const scalerMs = 150_000;
const ratePerSecond = 600;

let bench: Bench;

before(async () => {
  bench = await startBench("e2e-autoscaling");
  await bench.apply(
    model(name, await pushVersions(bench, name), {
      // 50m, between what a pod takes at rest (some 7m, with a probe a second) and what the load takes (170m to 200m
      // were seen): also on a machine that is three times slower, where two pods at rest have to take less than what is
      // asked for one, or almost three times faster. What is tested is the way there and back, not the autoscaler's
      // arithmetic.
      resources: { requests: { cpu: "20m", memory: "64Mi" }, limits: { cpu: "1", memory: "512Mi" } },
      scaling: {
        min: 1,
        max: 3,
        metric: "CPU",
        targetPercent: 250,
        behavior: {
          scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
        },
      },
    }),
  );
  await reached(bench, name, "v1");
});

after(() => bench.stop());

test("under load the model grows by its own autoscaler, and shrinks again, without a failed request", {
  timeout: 400_000,
}, async () => {
  const grown = async (): Promise<void> => {
    await eventually(
      "more than one pod serves",
      async () => {
        const { readyReplicas } = await bench.status(name);
        assert.ok((readyReplicas ?? 0) > 1, `${readyReplicas} pods`);
      },
      scalerMs,
    );
    const spec = JSON.parse(await bench.kubectl("get", "md", name, "-o", "jsonpath={.spec}")) as { replicas: number };
    assert.ok(spec.replicas > 1, "the autoscaler turned spec.replicas");
    const ready = (await bench.status(name)).conditions?.find(({ type }) => type === "Ready");
    assert.equal(ready?.status, "True", ready?.message);
  };
  await underLoad(bench, name, grown, { ratePerSecond });
  await eventually("one pod is left", async () => assert.equal((await bench.status(name)).replicas, 1), scalerMs);
  const managers = await bench.kubectl("get", "md", name, "--show-managed-fields", "-o", "json");
  const { metadata } = JSON.parse(managers) as {
    metadata: { managedFields: { manager: string; subresource?: string }[] };
  };
  const ours = metadata.managedFields.filter(({ manager }) => manager === "slipway");
  assert.deepEqual([...new Set(ours.map(({ subresource }) => subresource))], ["status"]);
});
