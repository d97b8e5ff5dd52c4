import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Bench, startBench } from "./bench.ts";
import { underLoad } from "./load.ts";
import { model, pushVersions } from "./models.ts";
import { eventually, reached } from "./wait.ts";

const name = "busy";
/**
 * Nobody promises how soon: the kubelet, metrics-server (every 10 s) and the autoscaler (every 15 s, and two rounds
 * until it has values) each wait for a processor that others may keep busy. Beyond this something stands still.
 */
const scalerMs = 8 * 60_000;

/**
 * What the autoscaler aims at decides which way it goes, whatever this machine's processor is worth and whoever else
 * uses it. Requested are 100m: a pod that answers takes more than the 1m of the lower one (at rest some 7m, by its
 * probes alone), and its limit of 500m is half of the higher one's 1000m.
 */
const targets = { grow: 1, shrink: 1000 } as const;
const resources = { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "500m", memory: "512Mi" } };

let bench: Bench;

before(async () => {
  bench = await startBench("e2e-autoscaling");
  const behavior = {
    scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
  };
  const scaling = { min: 1, max: 3, metric: "CPU", targetPercent: targets.shrink, behavior };
  await bench.apply(model(name, await pushVersions(bench, name), { resources, scaling }));
  await reached(bench, name, "v1");
});

after(() => bench.stop());

async function specReplicas(): Promise<number> {
  return Number(await bench.kubectl("get", "md", name, "-o", "jsonpath={.spec.replicas}"));
}

test("under load the model grows by its own autoscaler, and shrinks again, without a failed request", async () => {
  await underLoad(bench, name, async () => {
    await bench.patchModel(name, { scaling: { targetPercent: targets.grow } });
    await eventually(
      "more than one pod serves",
      async () => {
        const { readyReplicas } = await bench.status(name);
        assert.ok((readyReplicas ?? 0) > 1, `${readyReplicas} pods`);
      },
      scalerMs,
    );
    assert.ok((await specReplicas()) > 1, "the autoscaler turned spec.replicas");
    await reached(bench, name, "v1");
    await bench.patchModel(name, { scaling: { targetPercent: targets.shrink } });
    await eventually("one pod is left", async () => assert.equal((await bench.status(name)).replicas, 1), scalerMs);
    assert.equal(await specReplicas(), 1);
  });
  const managers = await bench.kubectl("get", "md", name, "--show-managed-fields", "-o", "json");
  const { metadata } = JSON.parse(managers) as {
    metadata: { managedFields: { manager: string; subresource?: string }[] };
  };
  const ours = metadata.managedFields.filter(({ manager }) => manager === "slipway");
  assert.deepEqual([...new Set(ours.map(({ subresource }) => subresource))], ["status"]);
});
