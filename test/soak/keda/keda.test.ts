/**
 * KEDA itself scales a ModelDeployment: to zero and back by its operator, between one and more by the autoscaler that
 * it makes, which reads its metrics adapter. Slipway follows and writes no number.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { kinds } from "../../../operator/api/kinds.ts";
import { watchEveryVersion } from "../../integration/operator/every-version.ts";
import {
  type Bench,
  condition,
  digest,
  eventually,
  type Json,
  model,
  servesVersion,
  startBench,
} from "../../integration/operator/harness.ts";
import { auditModels, isOurs, type ModelAudit } from "../../integration/operator/model-audit.ts";
import { type Keda, startKeda } from "./keda.ts";

const name = "office";
const autoscaler = `keda-hpa-${name}`;
/** Of a model during its hours: more than the one that KEDA's operator starts by itself. */
const desired = 3;
/** KEDA looks once a second, and the autoscaler learns within half a minute what a ModelDeployment is. */
const scalerMs = 90_000;

let audit: ModelAudit;
let bench: Bench;
let keda: Keda | undefined;

before(async () => {
  audit = await auditModels();
  // KEDA's adapter is no pod: the API server is led to it by the name of its Service.
  const route = "--enable-aggregator-routing=false";
  bench = await startBench({ kind: "ready", digest: digest("1") }, [...audit.apiServerArguments, route]);
  bench.pods.decide("v2", { kind: "ready", digest: digest("2") });
  await bench.startOperator();
  keda = await startKeda(bench.plane);
  await bench.apply(model(name, { replicas: 2 }));
  await servesVersion(bench, name, "v1");
});

after(async () => {
  await keda?.stop();
  await bench.stop();
  await audit.remove();
});

/** Sets the hours so that now is among them, or not: by whether the next thing to come is their end or their start. */
function setHours(now: "open" | "closed"): Promise<void> {
  const month = (later: number): string => `0 0 1 ${((new Date().getUTCMonth() + later) % 12) + 1} *`;
  const [end, start] = now === "open" ? [month(3), month(6)] : [month(6), month(3)];
  return bench.apply({
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name },
    spec: {
      scaleTargetRef: { apiVersion: "slipway.dev/v1alpha1", kind: "ModelDeployment", name },
      minReplicaCount: 0,
      maxReplicaCount: 5,
      pollingInterval: 1,
      cooldownPeriod: 1,
      triggers: [{ type: "cron", metadata: { timezone: "Etc/UTC", start, end, desiredReplicas: String(desired) } }],
    },
  });
}

async function isAtZero(): Promise<boolean> {
  const { spec, status } = await bench.get("md", name);
  return spec.replicas === 0 && status.replicas === 0 && condition(status, "Ready").reason === "ScaledToZero";
}

async function servesDesired(version: string): Promise<void> {
  await eventually(
    `${desired} pods serve ${version}`,
    async () => {
      const { spec, status } = await bench.get("md", name);
      const ready = condition(status, "Ready");
      return (
        spec.replicas === desired &&
        status.readyReplicas === desired &&
        status.currentVersion === version &&
        `${ready.status} ${ready.reason}` === "True Serving"
      );
    },
    scalerMs,
  );
}

async function childReplicas(): Promise<number> {
  const { currentRevision } = await bench.status(name);
  return (await bench.get("deployment", `${name}-${currentRevision}`)).spec.replicas;
}

test("outside its hours KEDA turns the model off, and its status says so", async () => {
  await setHours("closed");
  await eventually("nothing is left", isAtZero, scalerMs);
  const status = await bench.status(name);
  assert.equal(condition(status, "Ready").status, "True");
  assert.equal(condition(status, "Available").status, "False");
  assert.equal(condition(status, "Stalled").status, "False");
  assert.equal(status.selector, `slipway.dev/model=${name},slipway.dev/revision=${status.currentRevision}`);
  assert.equal(await childReplicas(), 0);
});

test("inside its hours KEDA's operator wakes it, and KEDA's autoscaler brings it to the number", async () => {
  await setHours("open");
  await servesDesired("v1");
  assert.equal(await childReplicas(), desired);
  const { spec } = await bench.get("hpa", autoscaler);
  assert.deepEqual(spec.scaleTargetRef, { apiVersion: "slipway.dev/v1alpha1", kind: "ModelDeployment", name });
  await eventually("it counts what Slipway counts", async () => {
    return (await bench.get("hpa", autoscaler)).status.currentReplicas === desired;
  });
});

test("a version change keeps the number that KEDA set", async () => {
  const watch = await watchEveryVersion<Json>(bench, kinds.model);
  await bench.patchModel(name, { version: "v2" });
  await servesDesired("v2");
  await watch.stop();
  const seen = watch.seen.filter(({ metadata }) => metadata.name === name);
  const each = (read: (object: Json) => unknown): readonly unknown[] => [...new Set(seen.map(read))];
  assert.deepEqual(
    each(({ status }) => status.currentVersion),
    ["v1", "v2"],
  );
  assert.deepEqual(
    each(({ spec }) => spec.replicas),
    [desired],
  );
  assert.equal(await childReplicas(), desired);
});

test("a version that is chosen while the model is off is the one that serves when KEDA wakes it", async () => {
  await setHours("closed");
  await eventually("nothing is left", isAtZero, scalerMs);
  await bench.patchModel(name, { version: "v1" });
  await setHours("open");
  await servesDesired("v1");
});

test("beside spec.scaling KEDA's autoscaler is named, with what made it", async () => {
  await bench.patchModel(name, { scaling: { max: 4 }, resources: { requests: { cpu: "100m" } } });
  const told = await eventually("it is told", async () => {
    const stalled = condition(await bench.status(name), "Stalled");
    return stalled.reason === "SecondAutoscaler" ? stalled.message : undefined;
  });
  assert.equal(
    told,
    `HorizontalPodAutoscaler ${autoscaler} of ScaledObject ${name} turns spec.replicas as well: delete ScaledObject ${name}, or remove spec.scaling`,
  );
  const { uid } = (await bench.get("hpa", autoscaler)).metadata;
  await bench.plane.kubectl(["delete", "hpa", autoscaler]);
  await eventually("KEDA makes its autoscaler again, so that deleting it is no way out", async () => {
    return (await bench.get("hpa", autoscaler)).metadata.uid !== uid;
  });
  await bench.patchModel(name, { scaling: null });
  await servesDesired("v1");
});

test("of all that was written to the model, the numbers are KEDA's and the status is Slipway's", async () => {
  const writes = await audit.writesTo(name);
  const ours = writes.filter(isOurs);
  assert.deepEqual([...new Set(ours.map(({ part }) => part))], ["status"]);
  const scalers = new Set(writes.filter(({ part }) => part === "scale").map(({ agent }) => agent.split("/")[0]));
  assert.deepEqual(scalers, new Set(["operator", "kube-controller-manager"]), "KEDA's, and that of its autoscaler");
});

test("without its ScaledObject the model stays at the number it has", async () => {
  await bench.plane.kubectl(["delete", "scaledobject", name]);
  await eventually("KEDA's autoscaler is gone", async () => (await bench.list("hpa")).length === 0);
  assert.equal((await bench.get("md", name)).spec.replicas, desired);
  await servesDesired("v1");
});
