/** What admission says no to, or cannot say anything about, on a real API server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Status } from "../../../operator/api/model.ts";
import { breakWebhook, deny, probeOf } from "./admission.ts";
import { type Bench, condition, digest, eventually, type Json, model, servesVersion, startBench } from "./harness.ts";

let bench: Bench;

before(async () => {
  bench = await startBench({ kind: "ready", digest: digest("1") });
  bench.pods.decide("v2", { kind: "ready", digest: digest("2") });
  await bench.startOperator();
});

after(() => bench.stop());

test("a webhook that is away is told, holds nothing else up, and is got over", async () => {
  const mend = await breakWebhook(
    bench,
    "policy",
    "poddisruptionbudgets",
    probeOf("policy/v1", "PodDisruptionBudget", { maxUnavailable: 1 }),
  );
  await bench.apply(model("hooked"));
  await eventually("the status tells", async () => {
    const status = await bench.status("hooked");
    return status.conditions !== undefined && condition(status, "Ready").reason === "WriteFailed";
  });
  const status = await bench.status("hooked");
  assert.match(
    condition(status, "Ready").message,
    /PodDisruptionBudget\/hooked, which is tried again: .*away\.example\.com/,
  );
  assert.equal(condition(status, "Reconciling").reason, "WriteFailed");
  assert.equal(condition(status, "Stalled").status, "False", "nobody has to act on the model");

  await mend();
  await servesVersion(bench, "hooked", "v1");
  const told = (await bench.list("events")).filter(({ involvedObject }) => involvedObject.name === "hooked");
  assert.ok(told.some(({ reason }) => reason === "WriteFailed"));
});

test("a budget that is not allowed is told, and holds up no change", async () => {
  const probe = probeOf("policy/v1", "PodDisruptionBudget", {
    maxUnavailable: 1,
    selector: { matchLabels: { a: "b" } },
  });
  const allow = await deny(bench, "poddisruptionbudgets", "policy", probe, "object.metadata.name == 'bold'");
  await bench.apply(model("bold", { rollout: { keepPreviousSeconds: 0 } }));
  const first = await eventually("it serves, and says what is not there", async () => {
    const status = await bench.status("bold");
    return status.currentVersion === "v1" && condition(status, "Stalled").reason === "Refused" ? status : undefined;
  });
  assert.match(condition(first, "Stalled").message, /not here/);
  await bench.patchModel("bold", { version: "v2" });
  await eventually("v2 serves", async () => (await bench.status("bold")).currentVersion === "v2");
  await eventually("v1 is gone", async () => (await bench.list("deployments")).every(isNotOf("bold", first)));
  await allow();
});

function isNotOf(name: string, { currentRevision }: Status): (child: Json) => boolean {
  return (child) => child.metadata.name !== `${name}-${currentRevision}`;
}

test("pods that may not be made are told with the reason, and the version before serves on", async () => {
  bench.pods.decide("barred", { kind: "ready", digest: digest("4") });
  await bench.apply(
    model("barring", {
      versions: [
        { name: "v1", uri: "oci://registry.test/models/demo:1", digest: digest("1") },
        { name: "barred", uri: "oci://registry.test/models/demo:4", digest: digest("4") },
      ],
    }),
  );
  await servesVersion(bench, "barring", "v1");
  const { selector } = (await bench.get("service", "barring")).spec;
  const allow = await deny(
    bench,
    "pods",
    "",
    probeOf("v1", "Pod", { containers: [{ name: "a", image: "registry.test/a:1" }] }),
    "has(object.metadata.labels) && object.metadata.labels[?'slipway.dev/version'].orValue('') == 'barred'",
  );
  await bench.patchModel("barring", { version: "barred" });
  const status = await eventually("it is told", async () => {
    const seen = await bench.status("barring");
    return seen.lastFailure?.reason === "PodsRefused" ? seen : undefined;
  });
  assert.equal(status.lastFailure?.version, "barred");
  assert.equal(status.lastFailure.stage, "Schedule");
  assert.match(status.lastFailure.message, /not here/);
  assert.equal(status.currentVersion, "v1");
  assert.equal(condition(status, "Ready").reason, "PodsRefused");
  assert.equal(condition(status, "Available").status, "True");
  assert.deepEqual((await bench.get("service", "barring")).spec.selector, selector);
  await allow();
  await bench.patchModel("barring", { version: "v1" });
  await servesVersion(bench, "barring", "v1");
});

test("while the Service may not be changed, status says what it does and not what was wanted", async () => {
  await bench.apply(model("fixed"));
  await servesVersion(bench, "fixed", "v1");
  const first = await bench.status("fixed");
  const probe = probeOf("v1", "Service", { ports: [{ port: 80 }] });
  const allow = await deny(bench, "services", "", probe, "object.metadata.name == 'fixed'");
  await bench.patchModel("fixed", { version: "v2" });
  const status = await eventually("it is told", async () => {
    const seen = await bench.status("fixed");
    return condition(seen, "Stalled").reason === "Refused" ? seen : undefined;
  });
  assert.equal(status.currentVersion, "v1");
  assert.equal(status.selector, first.selector);
  assert.equal(condition(status, "Ready").status, "False");
  assert.equal(condition(status, "Available").status, "True");
  const events = (await bench.list("events")).filter((event) => event.involvedObject.name === "fixed");
  assert.equal(events.filter(({ reason }) => reason === "RolloutCompleted").length, 1, "that of v1");
  await allow();
  await bench.plane.kubectl(["annotate", "md", "fixed", "look=again"]);
  await servesVersion(bench, "fixed", "v2");
});
