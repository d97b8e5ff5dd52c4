import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { loadAll } from "js-yaml";
import { commands } from "../commands.ts";
import { run } from "../run.ts";
import { testEdge } from "../test-edge.ts";

const directory = await mkdtemp(join(tmpdir(), "slipway-plan-"));
after(() => rm(directory, { recursive: true }));

interface PlannedModel {
  readonly revision: string;
  readonly revisionReason: string;
  readonly isComplete: boolean;
  readonly steps: readonly {
    readonly when: unknown;
    readonly writes: readonly {
      readonly verb: string;
      readonly kind: string;
      readonly name: string;
      readonly why: string;
    }[];
    readonly events: readonly { readonly reason: string }[];
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
  }[];
}

const digests = { v1: `sha256:${"1".repeat(64)}`, v2: `sha256:${"2".repeat(64)}` };

function manifest(spec: object = {}, rest: object = {}): string {
  const versions = (["v1", "v2"] as const).map((name) => ({
    name,
    uri: `oci://registry.test/digits:${name}`,
    digest: digests[name],
  }));
  return JSON.stringify({
    apiVersion: "slipway.dev/v1alpha1",
    kind: "ModelDeployment",
    metadata: { name: "digits" },
    spec: { version: "v1", versions, replicas: 2, ...spec },
    ...rest,
  });
}

let files = 0;
async function file(content: string): Promise<string> {
  files += 1;
  const path = join(directory, `${files}.yaml`);
  await writeFile(path, content);
  return path;
}

async function planned(...words: string[]): Promise<{ code: number; written: string; said: string }> {
  const edge = testEdge();
  const code = await run(["plan", ...words], edge, { commands, version: "0" });
  return { code, written: edge.written(), said: edge.said() };
}

async function plannedJson(...words: string[]): Promise<PlannedModel> {
  const { code, written, said } = await planned(...words, "-o", "json");
  assert.equal(code, 0, said);
  const [only] = JSON.parse(written) as PlannedModel[];
  assert.ok(only !== undefined);
  return only;
}

function writesOf({ steps }: PlannedModel): string[] {
  return steps.flatMap(({ writes }) => writes.map(({ verb, kind }) => `${verb} ${kind}`));
}

describe("a new model", () => {
  test("gets all its objects at once, each with a reason", async () => {
    const { steps, revisionReason, isComplete } = await plannedJson("-f", await file(manifest()));
    assert.equal(revisionReason, "new: there is no other yet");
    assert.equal(isComplete, true);
    const [first] = steps;
    assert.equal(first?.when, "now");
    assert.deepEqual(
      first?.writes.map(({ verb, kind }) => `${verb} ${kind}`),
      [
        "create ConfigMap",
        "create ControllerRevision",
        "create Deployment",
        "create Service",
        "create PodDisruptionBudget",
      ],
    );
    assert.ok(first?.writes.every(({ why }) => why !== ""));
    assert.match(first?.writes[2]?.why ?? "", /^runs the revision: 2 pods of v1$/);
    assert.equal(steps.at(-1)?.conditions.find(({ type }) => type === "Ready")?.status, "True");
  });

  test("without a digest starts with one pod, which finds it out", async () => {
    const versions = [{ name: "v1", uri: "oci://registry.test/digits:1" }];
    const path = await file(manifest({ versions }));
    const { steps } = await plannedJson("-f", path);
    assert.match(
      steps[0]?.writes.find(({ kind }) => kind === "Deployment")?.why ?? "",
      /2 pods of v1; first 1, which finds out its digest/,
    );
    assert.ok(steps.some(({ events }) => events.some(({ reason }) => reason === "DigestRecorded")));
    // The zeros that stand for an unknown digest are shown to nobody.
    assert.doesNotMatch((await planned("-f", path)).written, /sha256:0000/);
  });

  test("as YAML is what the operator sends, with the reason as a comment", async () => {
    const { code, written } = await planned(
      "-f",
      await file(manifest()),
      "-o",
      "yaml",
      "--server-image",
      "registry.test/server:7",
    );
    assert.equal(code, 0);
    const objects = loadAll(written) as { kind: string; metadata: { name: string; namespace: string } }[];
    assert.deepEqual(
      objects.map(({ kind }) => kind),
      ["ConfigMap", "ControllerRevision", "Deployment", "Service", "PodDisruptionBudget"],
    );
    assert.ok(objects.every(({ metadata }) => metadata.namespace === "default"));
    assert.match(written, /^# create Service digits: the model's address, port 80$/m);
    assert.match(written, /image: registry\.test\/server:7/);
  });

  test("that is scaled to 0 has no pods", async () => {
    const { steps } = await plannedJson("-f", await file(manifest({ replicas: 0 })));
    assert.match(steps[0]?.writes.find(({ kind }) => kind === "Deployment")?.why ?? "", /0 pods of v1/);
  });
});

function resources(cpu: string): object {
  return { resources: { limits: { cpu, memory: "1Gi" } } };
}

describe("an edit", () => {
  test("of the version brings a revision up beside the other, then moves traffic, then lets go of the old one", async () => {
    const plan = await plannedJson("-f", await file(manifest({ version: "v2" })), "--previous", await file(manifest()));
    assert.match(plan.revisionReason, /^new: version\.name "v1" → "v2"/);
    const order = writesOf(plan);
    assert.deepEqual(order.slice(0, 3), ["patch ConfigMap", "create ControllerRevision", "create Deployment"]);
    assert.ok(order.indexOf("patch Service") < order.indexOf("delete Deployment"));
    assert.ok(
      plan.steps.some(
        ({ when }) => typeof when === "object" && (when as { afterSeconds: number }).afterSeconds === 300,
      ),
    );
  });

  test("of replicas restarts nothing", async () => {
    const plan = await plannedJson("-f", await file(manifest({ replicas: 3 })), "--previous", await file(manifest()));
    assert.match(plan.revisionReason, /^unchanged/);
    assert.deepEqual(writesOf(plan), ["patch Deployment"]);
    assert.equal(plan.steps[0]?.writes[0]?.why, "from 2 to 3 pods");
  });

  test("of a label does nothing at all", async () => {
    const labelled = manifest({}, { metadata: { name: "digits", labels: { team: "a" } } });
    const { written } = await planned("-f", await file(labelled), "--previous", await file(manifest()));
    assert.match(written, /Nothing is left to do\./);
  });

  test("of resources is a new revision that says which field it was", async () => {
    const plan = await plannedJson(
      "-f",
      await file(manifest(resources("2"))),
      "--previous",
      await file(manifest(resources("1"))),
    );
    assert.equal(plan.revisionReason, 'new: resources.limits.cpu "1" → "2"');
  });

  test("that exchanges many pods one by one is told by its first steps", async () => {
    const rollout = { maxSurge: 1, maxUnavailable: 0 };
    const before = await file(manifest({ replicas: 20, rollout }));
    const { written } = await planned(
      "-f",
      await file(manifest({ replicas: 20, rollout, version: "v2" })),
      "--previous",
      before,
    );
    assert.match(written, /traffic is shared by both revisions/);
    assert.match(written, /\d+ more steps; -o json has them/);
  });

  test("of a digest is refused with the rule's words", async () => {
    const versions = [{ name: "v1", uri: "oci://registry.test/digits:v1", digest: digests.v2 }];
    const { code, said } = await planned(
      "-f",
      await file(manifest({ versions })),
      "--previous",
      await file(manifest()),
    );
    assert.equal(code, 1);
    assert.match(said, /spec\.versions\[0\]: version v1 has a digest, so neither that nor its uri can be changed/);
  });

  test("that takes a digest away is taken, and what is on record stays demanded", async () => {
    const open = [{ name: "v1", uri: "oci://registry.test/digits:v1" }];
    const status = { currentVersion: "v1", versions: [{ name: "v1", digest: digests.v1 }] };
    const now = await file(manifest({}, { status }));
    const plan = await plannedJson("-f", await file(manifest({ versions: open })), "--status", now);
    assert.match(plan.revisionReason, /^new: version\.digest "sha256:1.* → nothing/);
    const record = plan.steps.flatMap(({ writes }) => writes).filter(({ kind }) => kind === "ConfigMap");
    assert.deepEqual(record, [], "nothing changes on record");
  });

  test("that adds the digest of a version restarts its pods, as it is another entry, and is no other model", async () => {
    const open = [{ name: "v1", uri: "oci://registry.test/digits:v1" }];
    const plan = await plannedJson(
      "-f",
      await file(manifest()),
      "--previous",
      await file(manifest({ versions: open })),
    );
    assert.match(plan.revisionReason, /^new: version\.digest nothing → "sha256:1/);
    assert.equal(plan.steps.at(-1)?.conditions.find(({ type }) => type === "Ready")?.status, "True");
  });

  test("is held against another model of the file, or none, as a new one", async () => {
    const other = manifest({}, { metadata: { name: "other" } });
    assert.match(
      (await plannedJson("-f", await file(manifest()), "--previous", await file(other))).revisionReason,
      /no other yet/,
    );
  });
});

describe("a status", () => {
  const open = [
    { name: "v1", uri: "oci://registry.test/digits:1" },
    { name: "v2", uri: "oci://registry.test/digits:2" },
  ];
  test("knows the version that serves and the digests on record", async () => {
    const status = { currentVersion: "v1", versions: [{ name: "v1", digest: digests.v1 }] };
    const now = await file(manifest({ versions: open, version: "v2" }, { status }));
    const plan = await plannedJson("-f", await file(manifest({ versions: open, version: "v2" })), "--status", now);
    assert.match(plan.revisionReason, /^new: version\.name "v1" → "v2"/);
    // v1 is on record: it does not have to be found out, so nothing is written for it.
    const back = await plannedJson("-f", await file(manifest({ versions: open })), "--status", now);
    assert.deepEqual(back.steps, []);
  });

  test("keeps a rejected revision rejected until something changes", async () => {
    const { revision } = await plannedJson("-f", await file(manifest({ version: "v2" })));
    const rejected = { revision, stage: "Download", reason: "NotAModel", message: "it is a web page" };
    const status = { currentVersion: "v1", versions: [], rejected };
    const now = await file(manifest({ version: "v2" }, { status }));
    const { written } = await planned("-f", await file(manifest({ version: "v2" })), "--status", now);
    assert.match(written, /Ready=False NotAModel: v2 failed at Download: it is a web page; v1 goes on serving/);
    const again = manifest({ version: "v2", rollout: { retryToken: "again" } });
    assert.match((await planned("-f", await file(again), "--status", now)).written, /Ready=True Serving: v2 serves/);
  });

  test("of another version's bytes is VersionReused, as the operator will say", async () => {
    const status = { currentVersion: "v1", versions: [{ name: "v2", digest: digests.v1 }] };
    const now = await file(manifest({ versions: open }, { status }));
    const { written } = await planned("-f", await file(manifest({ version: "v2" })), "--status", now);
    assert.match(written, /VersionReused/);
  });
});

describe("what every field allows and all of them together do not", () => {
  test("is told, with exit code 1: scaling without a request", async () => {
    const { code, written } = await planned("-f", await file(manifest({ scaling: { max: 3 } })));
    assert.equal(code, 1);
    assert.match(written, /create +HorizontalPodAutoscaler\/digits +turns spec\.replicas as spec\.scaling says/);
    assert.match(written, /Ready=False ScalingWithoutRequest: .*set spec\.resources\.requests\.cpu/);
  });
  test("is told, with exit code 1: a pod template that leaves no server", async () => {
    const podTemplate = { spec: { containers: [] } };
    const { code, written } = await planned("-f", await file(manifest({ podTemplate })));
    assert.equal(code, 1);
    assert.match(
      written,
      /Ready=False PodTemplateConflict: spec\.podTemplate\.spec\.containers leaves no container server/,
    );
  });
  test("is left to the API server where other kinds judge it", async () => {
    const podTemplate = { spec: { hostNetwork: true } };
    const { written } = await planned("-f", await file(manifest({ podTemplate })));
    assert.match(written, /Left to the API server\n {4}what is in spec\.podTemplate\n/);
    assert.match(
      (await planned("-f", await file(manifest({ podTemplate })), "-o", "yaml")).written,
      /hostNetwork: true/,
    );
  });
});

test("the same change is told in the same words at every moment of a second", async () => {
  const words = ["plan", "-f", await file(manifest({ version: "v2" })), "--previous", await file(manifest())];
  const told = await Promise.all(
    [0, 1, 499, 500, 999].map(async (milliseconds) => {
      const edge = testEdge({ wallClock: () => Date.UTC(2026, 0, 1) + milliseconds });
      await run(words, edge, { commands, version: "0" });
      return edge.written();
    }),
  );
  assert.match(told[0] ?? "", /After 5:00/);
  for (const text of told) assert.equal(text, told[0]);
});

test("a paused model is shown what would be done", async () => {
  const { code, written } = await planned("-f", await file(manifest({ paused: true })));
  assert.equal(code, 0);
  assert.match(
    written,
    /spec\.paused is true: the operator acts on nothing\. Without it:\n\n {2}Now  nothing serves yet: v1 is brought up/,
  );
  assert.match(written, /create +Deployment/);
});

describe("files", () => {
  test("of several documents are planned one by one, other kinds left out aloud", async () => {
    const text = [
      manifest(),
      manifest({}, { metadata: { name: "other", namespace: "own" } }),
      '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}}',
    ];
    const { code, written, said } = await planned("-f", await file(text.join("\n---\n")), "-n", "models");
    assert.equal(code, 0);
    assert.match(written, /^models\/digits, version v1$/m);
    assert.match(written, /^own\/other, version v1$/m);
    assert.equal(said, "left out: Secret s, which is no ModelDeployment\n");
  });

  test("with mistakes show those of every document, and no plan", async () => {
    const text = [
      manifest(),
      manifest({ replicas: -1 }),
      manifest({ version: "v9", replica: 1 }, { metadata: { name: "other" } }),
    ];
    const { code, written, said } = await planned("-f", await file(text.join("\n---\n")));
    assert.deepEqual([code, written], [1, ""]);
    assert.match(said, /the model digits has 1 mistake\n {2}spec\.replicas: -1/);
    assert.match(said, /the model other has 2 mistakes\n {2}spec\.replica: .*\n {2}spec\.version: /);
  });

  test("that are missing, empty or not given", async () => {
    assert.match((await planned("-f", join(directory, "none"))).said, /none cannot be read: ENOENT/);
    assert.match((await planned("-f", await file(""))).said, /holds no ModelDeployment/);
    assert.deepEqual((await planned()).code, 2);
    const both = await planned("-f", "a", "--previous", "b", "--status", "c");
    assert.deepEqual([both.code, /give one of them/.test(both.said)], [2, true]);
  });

  test("may be standard input", async () => {
    const edge = testEdge({ input: manifest() });
    assert.equal(await run(["plan", "-f", "-"], edge, { commands, version: "0" }), 0);
    assert.match(edge.written(), /^default\/digits/);
  });
});
