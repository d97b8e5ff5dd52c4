import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { load } from "js-yaml";
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

  // Made by a controller elsewhere.
  await plane.kubectl(["-n", release.namespace, "create", "serviceaccount", "default"]);

  await t.test("every object is accepted with every value set, and the API server warns of none", async () => {
    const rendered = await render({ ...fullValues, crds: { install: false } });
    const manifests = rendered.filter(({ apiVersion }) => !apiVersion.startsWith("monitoring.coreos.com/"));
    assert.ok(manifests.length > 15 && rendered.length === manifests.length + 3);
    const input = manifests.map((manifest) => JSON.stringify(manifest)).join("\n---\n");
    const { stderr } = await plane.kubectl(["create", "--dry-run=server", "--validate=strict", "-f", "-"], { input });
    assert.equal(stderr, "");
  });

  await t.test("the example for Artifact Hub is accepted", async () => {
    const chart = load(await readFile(join(chartDirectory, "Chart.yaml"), "utf8")) as {
      readonly annotations: Readonly<Record<string, string>>;
    };
    const [example] = load(chart.annotations["artifacthub.io/crdsExamples"] ?? "") as readonly object[];
    await plane.kubectl(["create", "--dry-run=server", "--validate=strict", "-f", "-"], {
      input: JSON.stringify(example),
    });
  });

  await t.test("a namespace that enforces the restricted standard takes the operator's pod", async () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: restricted };
    await plane.kubectl(["apply", "-f", "-"], { input: JSON.stringify(namespace) });
    for (const account of ["slipway-operator", "default"]) {
      await plane.kubectl(["-n", restricted.name, "create", "serviceaccount", account]);
    }
    const { spec } = (only(await render(leastValues), "Deployment") as Deployment).spec.template;
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "operator", namespace: restricted.name }, spec };
    await plane.kubectl(["create", "--dry-run=server", "-f", "-"], { input: JSON.stringify(pod) });
    const helmTest = only(await render(leastValues), "Pod");
    const metadata = { name: "test", namespace: restricted.name };
    await plane.kubectl(["create", "--dry-run=server", "-f", "-"], {
      input: JSON.stringify({ ...helmTest, metadata }),
    });
    const root = { ...pod, spec: { ...spec, securityContext: { runAsUser: 0 } } };
    await assert.rejects(
      plane.kubectl(["create", "--dry-run=server", "-f", "-"], { input: JSON.stringify(root) }),
      /violates PodSecurity "restricted/,
    );
  });

  await t.test("an upgrade changes nothing when nothing changed", async () => {
    const kinds = "deployment,service,networkpolicy,poddisruptionbudget,clusterrole,role";
    const read = () => plane.kubectl(["get", kinds, "-n", release.namespace, "-o", "json"]);
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
