import assert from "node:assert/strict";
import { test } from "node:test";
import { chartDirectory, fullValues, leastValues, type Manifest, only, release, render } from "../../chart/render.ts";
import { helm, installedChart } from "./installed.ts";

type Deployment = Manifest & { readonly spec: { readonly template: { readonly spec: object } } };

const model = {
  apiVersion: "slipway.dev/v1alpha1",
  kind: "ModelDeployment",
  metadata: { name: "digits", namespace: "default" },
  spec: { version: "v1", versions: [{ name: "v1", uri: "oci://registry.example.com/digits:1" }] },
};

test("the chart on a real API server", async (t) => {
  const plane = await installedChart(t);

  await t.test("the notes name the next command", async () => {
    const notes = await helm(plane, ["get", "notes", release.name]);
    assert.match(notes, /kubectl -n slipway-system rollout status deployment\/slipway-operator/);
    assert.match(notes, /kubectl apply -f -/);
  });

  await t.test("every object is accepted with every value set", async () => {
    const manifests = await render({ ...fullValues, crds: { install: false } });
    const input = manifests.map((manifest) => JSON.stringify(manifest)).join("\n---\n");
    await plane.kubectl(["create", "--dry-run=server", "--validate=strict", "-f", "-"], { input });
  });

  await t.test("a namespace that enforces the restricted standard takes the operator's pod", async () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: restricted };
    await plane.kubectl(["apply", "-f", "-"], { input: JSON.stringify(namespace) });
    await plane.kubectl(["-n", restricted.name, "create", "serviceaccount", "slipway-operator"]);
    const { spec } = (only(await render(leastValues), "Deployment") as Deployment).spec.template;
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "operator", namespace: restricted.name }, spec };
    await plane.kubectl(["create", "--dry-run=server", "-f", "-"], { input: JSON.stringify(pod) });
    const root = { ...pod, spec: { ...spec, securityContext: { runAsUser: 0 } } };
    await assert.rejects(
      plane.kubectl(["create", "--dry-run=server", "-f", "-"], { input: JSON.stringify(root) }),
      /violates PodSecurity "restricted/,
    );
  });

  await t.test("an upgrade changes nothing when nothing changed", async () => {
    const read = () => plane.kubectl(["get", "deployment,clusterrole", "-n", release.namespace, "-o", "json"]);
    const before = await read();
    await helm(plane, ["upgrade", release.name, chartDirectory, "--values", "-"], leastValues);
    assert.equal((await read()).stdout, before.stdout);
  });

  await t.test("uninstalling leaves the CRD and the models, and a new install takes them over", async () => {
    await plane.kubectl(["create", "-f", "-"], { input: JSON.stringify(model) });
    await helm(plane, ["uninstall", release.name]);
    const { stdout } = await plane.kubectl(["get", "modeldeployments", "-o", "name"]);
    assert.equal(stdout.trim(), "modeldeployment.slipway.dev/digits");
    await helm(plane, ["install", release.name, chartDirectory, "--values", "-"], leastValues);
    assert.match((await plane.kubectl(["get", "md"])).stdout, /digits/);
  });
});

const restricted = { name: "restricted", labels: { "pod-security.kubernetes.io/enforce": "restricted" } };
