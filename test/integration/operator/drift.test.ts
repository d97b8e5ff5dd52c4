/** The children that exist only when they are asked for are looked after like all others. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Bench, condition, digest, eventually, model, servesVersion, startBench } from "./harness.ts";

let bench: Bench;

before(async () => {
  bench = await startBench({ kind: "ready", digest: digest("1") });
  await bench.startOperator();
  await bench.apply(
    model("kept", {
      versions: [{ name: "v1", uri: "oci://registry.test/models/demo:1", digest: digest("1") }],
      resources: { requests: { cpu: "100m" } },
      scaling: { max: 5 },
      networkPolicy: { from: [web] },
    }),
  );
  await servesVersion(bench, "kept", "v1");
});

after(() => bench.stop());

const web = { podSelector: { matchLabels: { app: "web" } } };
const metrics = {
  from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "slipway-system" } } }],
  ports: [{ port: "metrics", protocol: "TCP" }],
};

const children = [
  { kind: "hpa", edit: { spec: { maxReplicas: 50 } } },
  { kind: "hpa", edit: { spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "theirs" } } } },
  { kind: "hpa", edit: { spec: { metrics: [{ type: "Resource", resource: averageOf("memory", 50) }] } } },
  { kind: "networkpolicy", edit: { spec: { ingress: [{}] } } },
  { kind: "networkpolicy", edit: { spec: { podSelector: { matchLabels: { "slipway.dev/model": "other" } } } } },
  { kind: "networkpolicy", edit: { spec: { podSelector: { matchLabels: { theirs: "too" } } } } },
  { kind: "networkpolicy", edit: { spec: { policyTypes: ["Ingress", "Egress"] } } },
  { kind: "networkpolicy", edit: { spec: { egress: [{}] } } },
  // Every namespace's pods of that label instead of the model's own.
  { kind: "networkpolicy", edit: { spec: { ingress: [predictionsFrom({ namespaceSelector: {} }), metrics] } } },
] as const;

for (const { kind, edit } of children) {
  test(`${kind}: ${JSON.stringify(edit.spec)} is put back at once, and told`, async () => {
    const { spec } = await bench.get(kind, "kept");
    await bench.plane.kubectl([
      "patch",
      kind,
      "kept",
      "--type=merge",
      "--field-manager=meddler",
      "-p",
      JSON.stringify(edit),
    ]);
    await eventually("it is as it was", async () => {
      assert.deepEqual((await bench.get(kind, "kept")).spec, spec);
      return true;
    });
    const field = `spec.${Object.keys(edit.spec)[0]}`;
    await eventually("the Event says so", async () =>
      (await bench.list("events")).some(
        ({ reason, message }) => reason === "DriftCorrected" && message.includes(field) && message.includes("meddler"),
      ),
    );
  });
}

for (const kind of ["hpa", "networkpolicy"]) {
  test(`${kind} is made again when somebody deletes it`, async () => {
    const { metadata, spec } = await bench.get(kind, "kept");
    await bench.plane.kubectl(["delete", kind, "kept", "--wait=true"]);
    const again = await eventually("it is back", async () => {
      const found = await bench.get(kind, "kept");
      return found.metadata.uid === metadata.uid ? undefined : found;
    });
    assert.deepEqual(again.spec, spec);
    assert.equal(condition(await bench.status("kept"), "Ready").status, "True");
  });
}

function averageOf(name: string, averageUtilization: number): object {
  return { name, target: { type: "Utilization", averageUtilization } };
}

function predictionsFrom(change: object): object {
  return { from: [{ ...web, ...change }], ports: [{ port: "http", protocol: "TCP" }] };
}
