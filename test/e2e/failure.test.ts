import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Model, Status } from "../../operator/api/model.ts";
import { kinds } from "../../operator/api/kinds.ts";
import { revisionName } from "../../operator/api/names.ts";
import type { KubeObject } from "../../operator/kube/transport/resources.ts";
import type { FailureReason, Stage } from "../../server/contract.ts";
import { registryName, registryPort } from "../cluster/node/addresses.ts";
import { ask, serviceUrl } from "./ask.ts";
import { type Bench, startBench } from "./bench.ts";
import { paddedModel } from "../integration/fetch/models.ts";
import { underLoad } from "./load.ts";
import { elementwise, model, negated, pushVersions, question, same } from "./models.ts";
import { followPods, isReady, type PodHistory, uids, versionOf } from "./pods.ts";
import { condition, eventually, reached } from "./wait.ts";

/** From the end of a pod's container until status says why: because of it, and not when a deadline is over. */
const saidWithinMs = 60_000;
/** A pod that failed for good and was tried again all the same would show within this. */
const silenceMs = 3_000;

/** The registry by a name that the chart was not told of as plain HTTP. */
const otherName = `registry.kube-system.svc:${registryPort}`;

let bench: Bench;
let pods: PodHistory;

before(async () => {
  bench = await startBench("e2e-failure");
  pods = await followPods(bench);
});

after(async () => {
  await pods.stop();
  await bench.stop();
});

test("a version that cannot be served takes no traffic, status says why, and one edit goes back", async (t) => {
  const name = "brave";
  const versions = await pushVersions(bench, name);
  await bench.apply(model(name, versions));
  await reached(bench, name, "v1");
  const serving = uids(await bench.pods(name));
  const html = new TextEncoder().encode("<!DOCTYPE html><html><body>Sign in to go on</body></html>");
  const half = same.subarray(0, same.byteLength >> 1);
  const wrongDigest = `sha256:${"0".repeat(64)}`;
  const cases: readonly BadVersion[] = [
    {
      entry: { name: "absent", uri: `oci://${registryName}/${bench.namespace}/${name}:no-such-tag` },
      reason: "NotFound",
      says: /no-such-tag.*Check repository and tag/,
      permanent: false,
    },
    {
      entry: { name: "mixed-up", uri: versions[1]?.uri ?? "", digest: wrongDigest },
      reason: "DigestMismatch",
      says: new RegExp(wrongDigest),
      permanent: true,
    },
    {
      entry: { name: "page", uri: await bench.push(name, "page", html) },
      reason: "NotAModel",
      says: /no ONNX model; it looks like a web page/,
      permanent: true,
    },
    {
      entry: { name: "cut", uri: await bench.push(name, "cut", half) },
      reason: "TruncatedModel",
      says: /it was cut/,
      permanent: true,
    },
    {
      entry: { name: "plain", uri: `oci://${otherName}/${bench.namespace}/${name}:1` },
      reason: "UnsupportedSource",
      says: /does not speak TLS.* registries\.plainHttpHosts.* spec\.restartToken/,
      permanent: true,
    },
    {
      entry: { name: "sharpened", uri: await bench.push(name, "sharpened", elementwise("Sharpen")) },
      stage: "Load",
      reason: "UnsupportedOpset",
      says: /operator "Sharpen", which ONNX Runtime does not have in opset 17\. Export it/,
      permanent: true,
    },
  ];
  const load = await underLoad(bench, name, async () => {
    for (const bad of cases) {
      await bench.patchModel(name, { versions: [...versions, bad.entry], version: bad.entry.name });
      const { status, afterMs } = await told(name, bad);
      t.diagnostic(`${bad.reason} told after ${afterMs} ms: ${status.lastFailure?.message}`);
      if (bad.permanent) await givenUp(name, bad.entry.name);
      await bench.patchModel(name, { version: "v1" });
      await reached(bench, name, "v1");
      assert.deepEqual(
        uids(await bench.pods(name)).filter((uid) => serving.includes(uid)),
        serving,
      );
    }
  });
  assert.deepEqual(Object.keys(load.byVersion), ["v1"]);
});

interface BadVersion {
  readonly entry: Model["spec"]["versions"][number];
  /** Download when left out. */
  readonly stage?: Stage;
  readonly reason: FailureReason;
  readonly says: RegExp;
  readonly permanent: boolean;
}

/** Waits for a status that says all that it should of the bad version while v1 serves. */
async function told(
  name: string,
  { entry, stage = "Download", reason, says, permanent }: BadVersion,
): Promise<{ readonly status: Status; readonly afterMs: number }> {
  const status = await eventually(`${reason} is told`, async () => {
    const seen = await bench.status(name);
    assert.equal(seen.lastFailure?.version, entry.name);
    assert.deepEqual([seen.lastFailure.stage, seen.lastFailure.reason], [stage, reason]);
    assert.deepEqual([condition(seen, "Ready").status, condition(seen, "Ready").reason], ["False", reason]);
    return seen;
  });
  const saidMs = Date.now();
  assert.match(status.lastFailure?.message ?? "", says);
  assert.match(condition(status, "Ready").message, says);
  assert.deepEqual([condition(status, "Available").status, status.currentVersion], ["True", "v1"]);
  assert.equal(condition(status, "Stalled").status, permanent ? "True" : "False");
  // The operator's watch may be ahead of the one here.
  const failures = await eventually("the pod's end is seen", async () => {
    const seen = pods.of(name).filter((pod) => versionOf(pod) === entry.name);
    const failed = seen.flatMap((pod) => pods.firstFailureMs(pod) ?? []);
    assert.ok(failed.length > 0);
    return failed;
  });
  assert.equal(failures.length, 1, "one pod of it has failed");
  const afterMs = saidMs - Math.min(...failures);
  assert.ok(afterMs < saidWithinMs, `told ${afterMs} ms after the pod had failed`);
  return { status, afterMs };
}

/** The revision has no pods and gets none: its one pod had one try. */
async function givenUp(name: string, version: string): Promise<void> {
  const { rejected } = await bench.status(name);
  assert.ok(rejected);
  const deployment = await bench.get<KubeObject & { readonly spec: { readonly replicas: number } }>(
    kinds.deployment,
    revisionName(name, rejected.revision),
  );
  assert.equal(deployment.spec.replicas, 0);
  await eventually("its pod is gone", async () => {
    assert.deepEqual(
      (await bench.pods(name)).filter((pod) => versionOf(pod) === version),
      [],
    );
  });
  await delay(silenceMs);
  assert.equal(pods.of(name).filter((pod) => versionOf(pod) === version).length, 1);
  assert.deepEqual(
    (await bench.pods(name)).filter((pod) => versionOf(pod) === version),
    [],
  );
}

test("a pod that its node evicts is told in the node's words, and does not count though it is left lying", async () => {
  const name = "outgrown";
  const [, v2] = await pushVersions(bench, name);
  assert.ok(v2);
  const versions = [{ name: "v1", uri: await bench.push(name, "large", paddedModel(4 * 2 ** 20)) }, v2];
  const small = { spec: { volumes: [{ name: "model", emptyDir: { sizeLimit: "1Mi" } }] } };
  await bench.apply(model(name, versions, { podTemplate: small }));
  const status = await eventually("the eviction is told", async () => {
    const seen = await bench.status(name);
    assert.deepEqual([seen.lastFailure?.stage, seen.lastFailure?.reason], ["Schedule", "Evicted"]);
    return seen;
  });
  assert.match(status.lastFailure?.message ?? "", /Usage of EmptyDir volume "model" exceeds the limit "1Mi"/);
  await bench.patchModel(name, { podTemplate: null });
  const { status: later } = await reached(bench, name, "v1");
  assert.equal(later?.replicas, 1);
  const failed = ["-l", `slipway.dev/model=${name}`, "--field-selector=status.phase=Failed"];
  assert.match(
    await bench.kubectl("delete", "pods", ...failed),
    new RegExp(`${name}-\\S+ deleted|"${name}-\\S+" deleted`),
  );
  // The version before is kept warm, and would be evicted for as long.
  await bench.kubectl("delete", "modeldeployment", name, "--wait=false");
});

test("a model that is pushed late is taken up without an edit", async () => {
  const name = "patient";
  const uri = `oci://${registryName}/${bench.namespace}/${name}-${Date.now()}:1`;
  await bench.apply(model(name, [{ name: "v1", uri }]));
  const status = await eventually("the missing model is told", async () => {
    const seen = await bench.status(name);
    assert.equal(condition(seen, "Ready").reason, "NotFound");
    return seen;
  });
  assert.equal(condition(status, "Available").status, "False");
  assert.equal(condition(status, "Stalled").status, "False");
  const [, repository = ""] = new RegExp(`/([^/]+):1$`).exec(uri) ?? [];
  assert.equal(await bench.push(repository, "1", same), uri);
  const { status: later } = await reached(bench, name, "v1");
  assert.ok(later?.lastFailure?.recoveryTime, "a failure that is over is told as such");
});

test("a tag that moves is a warning: pods that come later serve the recorded bytes", async () => {
  const name = "faithful";
  const versions = await pushVersions(bench, name);
  await bench.apply(model(name, versions));
  const { status: first } = await reached(bench, name, "v1");
  const recorded = first?.versions?.find((version) => version.name === "v1")?.digest;
  assert.match(recorded ?? "", /^sha256:[0-9a-f]{64}$/);
  const load = await underLoad(bench, name, async () => {
    await bench.push(name, "1", negated);
    await bench.kubectl("scale", "md", name, "--replicas=2");
    await eventually("the new pod serves", async () => {
      assert.equal((await bench.status(name)).readyReplicas, 2);
    });
    // As a drain does.
    const [oldest] = await bench.pods(name);
    await bench.kubectl("delete", "pod", oldest?.metadata.name ?? "", "--wait=false");
    await eventually("two serve, and both are new", async () => {
      const alive = await bench.pods(name);
      assert.equal(alive.filter(isReady).length, 2);
      assert.ok(alive.every(({ metadata }) => metadata.uid !== oldest?.metadata.uid));
    });
  });
  assert.deepEqual(Object.keys(load.byVersion), ["v1"]);
  const answer = await ask(bench, `${await serviceUrl(bench, name)}/v2/models/${name}/infer`, question);
  assert.deepEqual(JSON.parse(answer.text).outputs[0].data, question.inputs[0]?.data, "other bytes answered");
  const status = await eventually("it is told", async () => {
    const seen = await bench.status(name);
    const version = seen.versions?.find((candidate) => candidate.name === "v1");
    assert.equal(version?.digest, recorded);
    assert.match(version?.warning ?? "", new RegExp(`${name}:1 leads to sha256:[0-9a-f]{64} by now; .* ${recorded}`));
    assert.equal(condition(seen, "Ready").status, "True");
    return seen;
  });
  assert.equal(status.currentRevision, first?.currentRevision);
  assert.equal(status.lastFailure, undefined);
  assert.match(await bench.kubectl("get", "events"), /SourceChanged/);
});

test("bytes that cannot be had any more are no other's: what serves goes on, and is kept", async () => {
  const name = "bereft";
  const versions = await pushVersions(bench, name);
  await bench.apply(model(name, versions));
  const { status: first } = await reached(bench, name, "v1");
  const recorded = first?.versions?.find((version) => version.name === "v1")?.digest;
  const [serving] = await bench.pods(name);
  const [v1, v2] = versions;
  assert.ok(v1 && v2);
  // A repository that never had the manifest on record.
  const elsewhere = await bench.push(`${name}-elsewhere`, "1", negated);
  await underLoad(bench, name, async () => {
    await bench.patchModel(name, { versions: [{ ...v1, uri: elsewhere }, v2] });
    const status = await eventually("the changed uri is told", async () => {
      const seen = await bench.status(name);
      assert.deepEqual([condition(seen, "Ready").status, condition(seen, "Ready").reason], ["False", "VersionReused"]);
      assert.equal(condition(seen, "Available").status, "True");
      assert.equal(seen.rejected?.reason, "VersionReused");
      return seen;
    });
    assert.match(status.lastFailure?.message ?? "", new RegExp(`${recorded} \\(which \\S+ does not have\\)`));
    const answer = await ask(bench, `${await serviceUrl(bench, name)}/v2/models/${name}/infer`, question);
    assert.deepEqual(JSON.parse(answer.text).outputs[0].data, question.inputs[0]?.data, "other bytes answered");
    await bench.patchModel(name, { versions });
    await reached(bench, name, "v1");
  });
  assert.ok((await bench.pods(name)).some(({ metadata }) => metadata.uid === serving?.metadata.uid));
});
