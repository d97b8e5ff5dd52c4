import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { type Bench, startBench } from "./bench.ts";
import { model, negated, pushVersions, same } from "./models.ts";
import { eventually, reached } from "./wait.ts";

/** The node is this machine, so a folder here is a host path there. */
const folder = join(tmpdir(), "slipway-e2e-claim");
const volume = "slipway-e2e-claim";

let bench: Bench;

before(async () => {
  bench = await startBench("e2e-claim");
  await mkdir(join(folder, "v2"), { recursive: true });
  await writeFile(join(folder, "v1.onnx"), same);
  await writeFile(join(folder, "v2", "model.onnx"), negated);
});

after(async () => {
  await bench.kubectl("delete", "pv", volume, "--ignore-not-found", "--wait=false");
  await bench.stop();
  await rm(folder, { recursive: true, force: true });
});

test("a claim that is not bound is told, and the version before goes on serving", async () => {
  const versions = await pushVersions(bench, "claimed");
  await bench.apply(model("waiting", versions));
  await reached(bench, "waiting", "v1");
  await bench.patchModel("waiting", {
    version: "v3",
    versions: [...versions, { name: "v3", uri: "pvc://nowhere/model.onnx" }],
  });
  await eventually("it is told", async () => {
    const { lastFailure, conditions, currentVersion } = await bench.status("waiting");
    assert.equal(lastFailure?.stage, "Schedule");
    assert.equal(lastFailure.reason, "Unschedulable");
    assert.match(lastFailure.message, /persistentvolumeclaim "nowhere" not found/);
    assert.equal(currentVersion, "v1");
    assert.equal(conditions?.find(({ type }) => type === "Available")?.status, "True");
  });
  await bench.patchModel("waiting", { version: "v1" });
  await reached(bench, "waiting", "v1");
});

test("a file and a folder of a bound claim are served", async () => {
  const size = { storage: "1Gi" };
  await bench.apply({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: volume },
    spec: {
      capacity: size,
      accessModes: ["ReadOnlyMany"],
      hostPath: { path: folder, type: "Directory" },
      storageClassName: "",
      claimRef: { namespace: bench.namespace, name: "models" },
    },
  });
  await bench.apply({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "models" },
    spec: { accessModes: ["ReadOnlyMany"], resources: { requests: size }, storageClassName: "", volumeName: volume },
  });
  const versions = [
    { name: "v1", uri: "pvc://models/v1.onnx" },
    { name: "v2", uri: "pvc://models/v2" },
  ];
  await bench.apply(model("claimed", versions));
  await reached(bench, "claimed", "v1");
  await bench.patchModel("claimed", { version: "v2" });
  await reached(bench, "claimed", "v2");
});
