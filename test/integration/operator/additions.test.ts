/** What somebody adds to a child is taken away as what somebody changes in it: its spec is one model's, whole. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Bench, condition, digest, eventually, type Json, model, servesVersion, startBench } from "./harness.ts";

let bench: Bench;
let names: Readonly<Record<"deployment" | "service" | "hpa", string>>;

before(async () => {
  bench = await startBench({ kind: "ready", digest: digest("1") });
  await bench.startOperator();
  await bench.apply(
    model("whole", {
      versions: [{ name: "v1", uri: "oci://registry.test/models/demo:1", digest: digest("1") }],
      resources: { requests: { cpu: "100m" } },
      scaling: { max: 5 },
    }),
  );
  await servesVersion(bench, "whole", "v1");
  const { currentRevision } = await bench.status("whole");
  names = { deployment: `whole-${currentRevision}`, service: "whole", hpa: "whole" };
});

after(() => bench.stop());

interface Edit {
  readonly kind: keyof typeof names;
  readonly what: string;
  /** Arguments of kubectl; OBJECT is the child. */
  readonly by: readonly string[];
  readonly field: string;
}

const merge = (patch: object): string[] => ["patch", "OBJECT", "--type=merge", "-p", JSON.stringify(patch)];
const ofPods = (spec: object): object => ({ spec: { template: { spec } } });
const ofServer = (fields: object): string[] => [
  "patch",
  "OBJECT",
  "-p",
  JSON.stringify(ofPods({ containers: [{ name: "server", ...fields }] })),
];

const pods = "spec.template.spec";
const edits: readonly Edit[] = [
  {
    kind: "deployment",
    what: "limits by `kubectl set resources`",
    by: ["set", "resources", "OBJECT", "-c", "server", "--limits=memory=640Mi"],
    field: `${pods}.containers`,
  },
  {
    kind: "deployment",
    what: "an account by `kubectl set serviceaccount`",
    by: ["set", "serviceaccount", "OBJECT", "default"],
    field: `${pods}.serviceAccountName`,
  },
  { kind: "deployment", what: "`kubectl rollout pause`", by: ["rollout", "pause", "OBJECT"], field: "spec.paused" },
  {
    kind: "deployment",
    what: "a command, privileges, a hook and variables from a Secret",
    by: ofServer({
      command: ["sleep", "9"],
      envFrom: [{ secretRef: { name: "theirs" } }],
      lifecycle: { preStop: { sleep: { seconds: 1 } } },
      securityContext: { runAsUser: 0 },
    }),
    field: `${pods}.containers`,
  },
  {
    kind: "deployment",
    what: "a node selector and the node's network",
    by: merge(ofPods({ nodeSelector: { a: "b" }, hostNetwork: true })),
    field: `${pods}.hostNetwork`,
  },
  {
    kind: "deployment",
    what: "a label of the pods",
    by: merge({ spec: { template: { metadata: { labels: { theirs: "yes" } } } } }),
    field: "spec.template.metadata.labels.theirs",
  },
  {
    kind: "deployment",
    what: "another strategy",
    by: merge({ spec: { strategy: { type: "Recreate", rollingUpdate: null }, minReadySeconds: 30 } }),
    field: "spec.strategy",
  },
  {
    kind: "service",
    what: "addresses of pods that are not ready",
    by: merge({ spec: { publishNotReadyAddresses: true } }),
    field: "spec.publishNotReadyAddresses",
  },
  {
    kind: "service",
    what: "clients that stay with one pod",
    by: merge({ spec: { sessionAffinity: "ClientIP" } }),
    field: "spec.sessionAffinity",
  },
  {
    kind: "service",
    what: "an address of somebody's",
    by: merge({ spec: { externalIPs: ["192.0.2.1"] } }),
    field: "spec.externalIPs",
  },
  {
    kind: "hpa",
    what: "a behavior",
    by: merge({ spec: { behavior: { scaleDown: { selectPolicy: "Disabled" } } } }),
    field: "spec.behavior",
  },
];

for (const [index, { kind, what, by, field }] of edits.entries()) {
  test(`${kind}: ${what}: taken away at once, and told`, async () => {
    const spec = await specOf(kind);
    const manager = `meddler-${index}`;
    const [verb = "", ...rest] = by.map((each) => each.replace("OBJECT", `${kind}/${names[kind]}`));
    await bench.plane.kubectl([verb, ...rest, `--field-manager=${manager}`]);
    await eventually("the Event says so", async () =>
      (await bench.list("events")).some(
        ({ reason, message }) => reason === "DriftCorrected" && message.includes(field) && message.includes(manager),
      ),
    );
    await eventually("it is as it was", async () => {
      assert.deepEqual(await specOf(kind), spec);
      return true;
    });
  });
}

test("after all of it nobody is in a quarrel, and there is one set of pods", async () => {
  await servesVersion(bench, "whole", "v1");
  const status = await bench.status("whole");
  assert.equal(condition(status, "Contested").status, "False");
  const sets = (await bench.list("replicasets")).filter(({ spec }: Json) => spec.replicas > 0);
  assert.equal(sets.length, 1);
});

test("what hands out addresses may write to a Service", async () => {
  await bench.apply(model("balanced", { service: { type: "LoadBalancer" } }));
  await servesVersion(bench, "balanced", "v1");
  const theirs = { spec: { loadBalancerIP: "192.0.2.7", publishNotReadyAddresses: true } };
  await bench.plane.kubectl(["patch", "service", "balanced", "--type=merge", "-p", JSON.stringify(theirs)]);
  // A pass has seen both when it has put one back.
  const spec = await eventually("one is put back", async () => {
    const { spec: found } = await bench.get("service", "balanced");
    return found.publishNotReadyAddresses === true ? undefined : found;
  });
  assert.equal(spec.loadBalancerIP, "192.0.2.7");
});

async function specOf(kind: keyof typeof names): Promise<Json> {
  return (await bench.get(kind, names[kind])).spec;
}
