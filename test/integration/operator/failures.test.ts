/**
 * Every way in which a new version can fail, as its pods report it: status has stage, reason and message, the version
 * before serves on behind the same Service, and going back is one edit. That the real fetch step and server report so
 * is tested with them (test/integration/fetch, test/integration/server).
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { kinds } from "../../../operator/api/kinds.ts";
import type { Status } from "../../../operator/api/model.ts";
import { type FailureReason, failureReasons, type Stage } from "../../../server/contract.ts";
import {
  type Bench,
  condition,
  digest,
  eventually,
  type Json,
  model,
  type OperatorProcess,
  servesVersion,
  startBench,
} from "./harness.ts";
import type { Fate } from "./pods.ts";

let bench: Bench;
let first: OperatorProcess;

before(async () => {
  bench = await startBench({ kind: "ready", digest: digest("1") });
  first = await bench.startOperator();
});

after(() => bench.stop());

interface Row {
  readonly what: string;
  readonly fate: Fate;
  readonly stage: Stage;
  readonly reason: string;
  readonly says: RegExp;
  /** Not tried again until the spec changes. */
  readonly permanent: boolean;
}

function reported(what: string, stage: Exclude<Stage, "Schedule">, reason: FailureReason, message: string): Row {
  const { permanent } = failureReasons[reason];
  const says = new RegExp(message.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return {
    what,
    fate: { kind: "failed", report: { ok: false, stage, reason, message } },
    stage,
    reason,
    says,
    permanent,
  };
}

const rows: readonly Row[] = [
  reported("nothing at the uri", "Download", "NotFound", "registry.test has no models/demo:9: push it"),
  reported(
    "wrong credentials",
    "Download",
    "Unauthorized",
    "registry.test refuses the credentials of the Secret login",
  ),
  reported(
    "a Secret that is not there",
    "Download",
    "Unauthorized",
    'There is no Secret "login" in the model\'s namespace, or it has no keys.',
  ),
  reported(
    "an expired token",
    "Download",
    "Unauthorized",
    "the token has expired: put a new one into the Secret login",
  ),
  reported("a host that is away", "Download", "SourceUnavailable", "registry.test could not be reached: ENOTFOUND"),
  reported("a bucket that redirects", "Download", "SourceUnavailable", "the bucket is in the region eu-west-1"),
  reported("a download that stalls", "Download", "TimedOut", "no byte came for 60 s"),
  reported("a download that trickles", "Download", "TimedOut", "3600 s are over, and 12 of 900 MiB have come"),
  reported("a full disk", "Download", "OutOfDisk", "the node has no room for 900 MiB"),
  reported("a scheme that is not taken", "Download", "UnsupportedSource", "plain HTTP to registry.test is not allowed"),
  reported("an index of images", "Download", "NoMatchingManifest", "the index has no manifest for linux/amd64"),
  reported("a model above the bound", "Download", "TooLarge", "12 GiB, and spec.source.sizeLimit allows 10Gi"),
  reported("other bytes than asked for", "Download", "DigestMismatch", "the file is sha256:aa, not sha256:bb"),
  reported("other bytes than before", "Download", "VersionReused", "the version stood for sha256:aa before"),
  reported("a tar with ../", "Download", "UnsafeArchive", 'the entry "../evil" leads out of the archive'),
  reported("a tar with a link", "Download", "UnsafeArchive", 'the entry "model.onnx" is a link'),
  reported("external data outside", "Download", "UnsafeArchive", "the external data ../weights.bin lies outside"),
  reported("HTML instead of a model", "Download", "NotAModel", "index.html is an HTML page, not an ONNX model"),
  reported("a file that ends too early", "Download", "TruncatedModel", "the model ends after 50000 bytes"),
  reported(
    "an opset that is too new",
    "Download",
    "UnsupportedOpset",
    "opset 99 of ai.onnx; this server loads 1 to 26",
  ),
  reported("an operator that is not there", "Download", "UnsupportedOpset", 'operator "Sharpen" of "com.example"'),
  reported("a model that does not load", "Load", "LoadFailed", "ONNX Runtime refuses the model: type mismatch"),
  reported("a GPU's driver that is not there", "Load", "ProviderUnavailable", "There is no NVIDIA driver"),
  reported("too little memory, as the server says", "Load", "OutOfMemory", "loading needs more than the limit of 1Gi"),
  reported("a call that does not come back", "Serve", "EngineStuck", "a prediction ran for more than 30 s"),
  reported("a server that ended", "Serve", "Crashed", "the server met an error that it does not know"),
  reported("a variable that is none", "Load", "InvalidConfiguration", "SLIPWAY_QUEUE_LIMIT is not a number"),
  {
    what: "too little memory, as the kernel says",
    fate: { kind: "ended", exitCode: 137, reason: "OOMKilled" },
    stage: "Load",
    reason: "OutOfMemory",
    says: /raise spec\.resources\.limits\.memory/,
    permanent: false,
  },
  {
    what: "a crash without a word",
    fate: { kind: "ended", exitCode: 139, reason: "Error" },
    stage: "Load",
    reason: "Crashed",
    says: /exit code 139 and left no report/,
    permanent: false,
  },
  {
    what: "a node that needs its room",
    fate: { kind: "evicted", message: 'Usage of EmptyDir volume "model" exceeds the limit "2Mi". ' },
    stage: "Schedule",
    reason: "Evicted",
    says: /evicted the pod: Usage of EmptyDir volume "model" exceeds the limit "2Mi"/,
    permanent: false,
  },
  {
    what: "a claim that is not bound",
    fate: {
      kind: "unschedulable",
      message: "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
    },
    stage: "Schedule",
    reason: "Unschedulable",
    says: /unbound immediate PersistentVolumeClaims/,
    permanent: false,
  },
  {
    what: "an image that cannot be pulled",
    fate: { kind: "waiting", reason: "ImagePullBackOff", message: 'Back-off pulling image "registry.test/server:9"' },
    stage: "Schedule",
    reason: "ImagePullFailed",
    says: /server image registry\.test\/server:9 cannot be pulled/,
    permanent: false,
  },
  {
    what: "a variable from a ConfigMap that is not there",
    fate: { kind: "waiting", reason: "CreateContainerConfigError", message: 'configmap "flags" not found' },
    stage: "Schedule",
    reason: "CreateContainerConfigError",
    says: /configmap "flags" not found/,
    permanent: false,
  },
];

test("every reason that a pod can report has a row", () => {
  const told = new Set(rows.flatMap(({ fate }) => (fate.kind === "failed" ? [fate.report.reason] : [])));
  assert.deepEqual(
    Object.keys(failureReasons).filter((reason) => !told.has(reason as FailureReason)),
    [],
  );
});

describe("a version that fails", { concurrency: 4 }, () => {
  for (const [index, row] of rows.entries()) {
    test(`by ${row.what}: status says so, v1 serves on, and going back is one edit`, () =>
      failsAndGoesBack(index, row));
  }
});

describe("a download that runs at the progress deadline", { concurrency: true }, () => {
  /** The shortest that the CRD takes. */
  const rollout = { progressDeadlineSeconds: 10 };

  test("is waited for, by an operator that knows nothing of its beginning too", async () => {
    await changesTo("takes-long", { kind: "fetching" }, { rollout });
    const operator = await bench.startOperator();
    await delay(pastDeadlineMs / 2);
    await first.stop();
    await delay(pastDeadlineMs / 2);
    const status = await statusOf("takes-long");
    assert.equal(status.rejected, undefined);
    assert.equal(condition(status, "Ready").reason, "RolloutInProgress");
    assert.equal(condition(status, "Stalled").status, "False");
    bench.pods.decide("takes-long-2", { kind: "ready", digest: digest("2") });
    await servesVersion(bench, "takes-long", "takes-long-2");
    assert.doesNotMatch(operator.output(), /"level":50/);
  });

  test("is given up when its own time is over too, at stage Download, and v1 serves on", async () => {
    await changesTo("hangs", { kind: "fetching" }, { rollout, source: { timeoutSeconds: 2 } });
    const status = await eventually("it is given up", async () => {
      const seen = await statusOf("hangs");
      return seen.rejected === undefined ? undefined : seen;
    });
    assert.deepEqual([status.rejected?.stage, status.rejected?.reason], ["Download", "ProgressDeadlineExceeded"]);
    assert.match(status.rejected?.message ?? "", /^no progress for 12 s .*timeoutSeconds\): pod .* still fetches/);
    assert.equal(status.lastFailure?.stage, "Download");
    assert.equal(status.currentVersion, "v1");
    assert.equal(status.readyReplicas, 1);
  });
});

/** The deadline of 10 s, and what a pass of a busy machine may take. */
const pastDeadlineMs = 16_000;

/** Serves v1, and begins the change to a version whose pods have the fate. */
async function changesTo(name: string, fate: Fate, spec: object): Promise<void> {
  await setVersion(name, await servesBeside(name, fate, spec));
}

/** Serves v1, and has a version beside it whose pods have the fate: its name. */
async function servesBeside(name: string, fate: Fate, spec: object = {}): Promise<string> {
  const version = `${name}-2`;
  bench.pods.decide(version, fate);
  const versions = [
    { name: "v1", uri: "oci://registry.test/models/demo:1", digest: digest("1") },
    { name: version, uri: "oci://registry.test/models/demo:2" },
  ];
  const manifest: Json = model(name, { versions, ...spec });
  await bench.client.create(kinds.model, { ...manifest, metadata: { name, namespace: "default" } }, { fieldManager });
  await servesVersion(bench, name, "v1");
  return version;
}

async function failsAndGoesBack(index: number, { fate, stage, reason, says, permanent }: Row): Promise<void> {
  const name = `fails-${index}`;
  const bad = await servesBeside(name, fate);
  const selector = await selectorOf(name);

  const generation = await setVersion(name, bad);
  const status = await eventually("the failure is told", async () => {
    const seen = await statusOf(name);
    return seen.lastFailure?.reason === reason && seen.observedGeneration === generation ? seen : undefined;
  });
  assert.equal(status.lastFailure?.version, bad);
  assert.equal(status.lastFailure.revision, status.targetRevision);
  assert.equal(status.lastFailure.stage, stage);
  assert.match(status.lastFailure.message, says);
  assert.equal(condition(status, "Ready").status, "False");
  assert.equal(condition(status, "Ready").reason, reason);
  assert.match(condition(status, "Ready").message, says);
  assert.equal(condition(status, "Stalled").status, permanent ? "True" : "False");
  assert.equal(condition(status, "Available").status, "True");
  assert.equal(status.currentVersion, "v1");
  assert.equal(status.readyReplicas, 1);
  assert.deepEqual(await selectorOf(name), selector);

  await setVersion(name, "v1");
  await servesVersion(bench, name, "v1");
  assert.deepEqual(await selectorOf(name), selector, "the same pods, all along");
}

const fieldManager = "test";

/** The generation that the edit made. */
async function setVersion(name: string, version: string): Promise<number> {
  const options = { type: "merge", fieldManager } as const;
  const written: Json = await bench.client.patch(kinds.model, "default", name, { spec: { version } }, options);
  return written.metadata.generation;
}

async function statusOf(name: string): Promise<Status> {
  const found: Json = await bench.client.get(kinds.model, "default", name);
  return found.status ?? {};
}

async function selectorOf(name: string): Promise<object> {
  const found: Json = await bench.client.get(kinds.service, "default", name);
  return found.spec.selector;
}
