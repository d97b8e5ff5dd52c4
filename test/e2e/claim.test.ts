import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { letEverybodyRead } from "../../images/let-everybody-read.ts";
import { ask, reachable, serviceUrl } from "./ask.ts";
import { type Bench, startBench } from "./bench.ts";
import { model, negated, pushVersions, question, same } from "./models.ts";
import { condition, eventually, reached } from "./wait.ts";

/** The node is this machine, so a folder here is a host path there. */
const folder = join(tmpdir(), "slipway-e2e-claim");
const volume = "slipway-e2e-claim";

let bench: Bench;

before(async () => {
  bench = await startBench("e2e-claim");
  await mkdir(join(folder, "v2"), { recursive: true });
  await writeFile(join(folder, "v1.onnx"), same);
  await writeFile(join(folder, "v2", "model.onnx"), negated);
  await letEverybodyRead(folder);
});

after(async () => {
  const volumes = ["models", "unbound"].map((claim) => `${volume}-${claim}`);
  await bench.kubectl("delete", "pv", ...volumes, "--ignore-not-found", "--wait=false");
  await bench.stop();
  await rm(folder, { recursive: true, force: true });
});

const size = { storage: "1Gi" };

/** Both kinds wait in the scheduler, which says which of them it is. */
const waiting: readonly (readonly [what: string, claim: string, message: RegExp])[] = [
  ["is not there", "nowhere", /persistentvolumeclaim "nowhere" not found/],
  ["is not bound", "unbound", /unbound immediate PersistentVolumeClaims/],
];
for (const [what, claim, message] of waiting) {
  test(`a claim that ${what} is told, and the version before goes on serving`, async () => {
    if (claim === "unbound") {
      await bench.apply(claimOf("unbound"));
      assert.equal(await bench.kubectl("get", "pvc", "unbound", "-o", "jsonpath={.status.phase}"), "Pending");
    }
    const name = `on-${claim}`;
    const versions = await pushVersions(bench, name);
    await bench.apply(model(name, versions));
    await reached(bench, name, "v1");
    const url = await serviceUrl(bench, name);
    await reachable(bench, url);
    await bench.patchModel(name, {
      version: "v3",
      versions: [...versions, { name: "v3", uri: `pvc://${claim}/v1.onnx` }],
    });
    await eventually("it is told", async () => {
      const status = await bench.status(name);
      const { lastFailure, currentVersion } = status;
      assert.deepEqual([lastFailure?.version, lastFailure?.stage], ["v3", "Schedule"]);
      assert.equal(lastFailure?.reason, "Unschedulable");
      assert.match(lastFailure.message, message);
      assert.equal(currentVersion, "v1");
      assert.equal(condition(status, "Available").status, "True");
      assert.equal(condition(status, "Ready").status, "False");
      const answer = await ask(bench, `${url}/v2/models/${name}/infer`, question);
      assert.equal(answer.status, 200, answer.text);
      assert.equal((JSON.parse(answer.text) as { readonly model_version: string }).model_version, "v1");
    });
    if (claim === "unbound") {
      // Not given up: once there is a volume for it, the version comes without another edit.
      await bench.apply(volumeFor("unbound"));
      await reached(bench, name, "v3");
    } else {
      await bench.patchModel(name, { version: "v1" });
      await reached(bench, name, "v1");
    }
  });
}

test("a file and a folder of a bound claim are served", async () => {
  await bench.apply(volumeFor("models"));
  await bench.apply(claimOf("models"));
  const versions = [
    { name: "v1", uri: "pvc://models/v1.onnx" },
    { name: "v2", uri: "pvc://models/v2" },
  ];
  await bench.apply(model("claimed", versions));
  await reached(bench, "claimed", "v1");
  await bench.patchModel("claimed", { version: "v2" });
  await reached(bench, "claimed", "v2");
});

/** Bound by nobody until there is a volume for it: no class provides one. */
function claimOf(name: string): object {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name },
    spec: { accessModes: ["ReadOnlyMany"], resources: { requests: size }, storageClassName: "" },
  };
}

function volumeFor(claim: string): object {
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: `${volume}-${claim}` },
    spec: {
      capacity: size,
      accessModes: ["ReadOnlyMany"],
      hostPath: { path: folder, type: "Directory" },
      storageClassName: "",
      claimRef: { namespace: bench.namespace, name: claim },
    },
  };
}
