import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { load } from "js-yaml";
import { annotations } from "../../server/contract.ts";
import { labels } from "../../operator/api/names.ts";
import { CommandError } from "../cluster/command.ts";
import { repositoryDirectory } from "../cluster/directories.ts";
import { chartDirectory, fullValues, helm, leastValues, type Manifest, only, render, renderText } from "./render.ts";

interface Deployment extends Manifest {
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly metadata: Pick<Manifest["metadata"], "annotations"> & { readonly labels: Record<string, string> };
      readonly spec: {
        readonly serviceAccountName: string;
        readonly securityContext: object;
        readonly nodeSelector?: object;
        readonly tolerations?: object;
        readonly affinity?: object;
        readonly imagePullSecrets?: object;
        readonly containers: readonly {
          readonly image: string;
          readonly imagePullPolicy: string;
          readonly args: readonly string[];
          readonly resources: object;
          readonly securityContext: object;
        }[];
      };
    };
  };
}

test("helm lint finds nothing, with the least and with all values", async () => {
  await helm(["lint", "--strict", "--quiet", chartDirectory], leastValues);
  await helm(["lint", "--strict", "--quiet", chartDirectory], fullValues);
});

test("a version is the same in package.json and in the chart", async () => {
  const chart = load(await readFile(`${chartDirectory}/Chart.yaml`, "utf8")) as Record<string, string>;
  const { version } = JSON.parse(await readFile(`${repositoryDirectory}/package.json`, "utf8")) as { version: string };
  assert.equal(chart["version"], version);
  assert.equal(chart["appVersion"], version);
});

test("the least values give an operator with the chart's own version of both images", async () => {
  const deployment = only(await render(leastValues), "Deployment") as Deployment;
  const [container] = deployment.spec.template.spec.containers;
  assert.equal(container?.image, "registry.example.com/slipway/operator:0.1.0");
  assert.deepEqual(container?.args, [
    "--server-image=registry.example.com/slipway/server:0.1.0",
    "--http-port=8080",
    "--log-level=info",
    "--leader-elect=true",
  ]);
  assert.equal(deployment.spec.replicas, 2);
});

test("every value reaches the object it is for", async () => {
  const manifests = await render(fullValues);
  const { replicas, template } = (only(manifests, "Deployment") as Deployment).spec;
  const [container] = template.spec.containers;
  assert.equal(container?.image, `${fullValues.image.repository}:1.2.3@${fullValues.image.digest}`);
  assert.equal(container?.imagePullPolicy, "Always");
  assert.deepEqual(container?.args, [
    `--server-image=${fullValues.server.image.repository}:4.5.6@${fullValues.server.image.digest}`,
    "--http-port=8080",
    "--log-level=debug",
    "--leader-elect=true",
    "--plain-http-hosts=registry.local:5000,10.0.0.1",
    "--certificate-authority-file=/etc/slipway/certificate-authority/ca.crt",
  ]);
  assert.deepEqual(container?.resources, fullValues.resources);
  assert.equal(replicas, 3);
  assert.equal(template.spec.serviceAccountName, "models");
  assert.deepEqual(template.spec.imagePullSecrets, fullValues.imagePullSecrets);
  assert.deepEqual(template.spec.nodeSelector, fullValues.nodeSelector);
  assert.deepEqual(template.spec.tolerations, fullValues.tolerations);
  assert.deepEqual(template.spec.affinity, fullValues.affinity);
  assert.equal(template.metadata.annotations?.["note"], "one");
  assert.equal(template.metadata.labels["team"], "ml");
  assert.deepEqual(only(manifests, "ServiceAccount").metadata.annotations, { team: "ml" });
  const authority = only(manifests, "ConfigMap") as Manifest & { readonly data: Record<string, string> };
  assert.equal(authority.data["ca.crt"], fullValues.registries.certificateAuthority);
  const prefixed = manifests.filter((manifest) => manifest.kind !== "CustomResourceDefinition");
  assert.ok(prefixed.every((manifest) => manifest.metadata.name.startsWith("models")));
});

test("the operator's pod satisfies the restricted Pod Security Standard", async () => {
  const { spec } = (only(await render(leastValues), "Deployment") as Deployment).spec.template;
  assert.deepEqual(spec.securityContext, {
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    seccompProfile: { type: "RuntimeDefault" },
  });
  assert.equal(spec.containers.length, 1);
  assert.deepEqual(spec.containers[0]?.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
});

test("the CRD is the project's own, and stays on uninstall unless that is switched off", async () => {
  const own = load(await readFile(`${repositoryDirectory}/crds/modeldeployment.yaml`, "utf8"));
  const crd = only(await render(leastValues), "CustomResourceDefinition") as Manifest & { readonly spec: object };
  assert.deepEqual(crd.spec, (own as { spec: object }).spec);
  assert.deepEqual(crd.metadata.annotations, { "helm.sh/resource-policy": "keep" });
  assert.equal(only(await render(fullValues), "CustomResourceDefinition").metadata.annotations, undefined);
  const without = await render({ ...leastValues, crds: { install: false } });
  assert.deepEqual(
    without.filter((manifest) => manifest.kind === "CustomResourceDefinition"),
    [],
  );
});

test("nothing needs a webhook or cert-manager", async () => {
  const kinds = (await render(fullValues)).map((manifest) => manifest.kind).toSorted();
  assert.deepEqual(kinds, [
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "CustomResourceDefinition",
    "Deployment",
    "Role",
    "RoleBinding",
    "ServiceAccount",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
  ]);
});

test("the admission policy speaks of the annotation and the label that the operator uses", async () => {
  const policy = JSON.stringify(only(await render(leastValues), "ValidatingAdmissionPolicy"));
  assert.ok(policy.includes(`'${annotations.inService}'`));
  assert.ok(policy.includes(`'${labels.model}'`));
});

test("numbers of the CRD are rendered as whole numbers", async () => {
  assert.doesNotMatch(await renderText(leastValues), /: [0-9.]+e\+[0-9]+$/m);
});

test("without images the chart says what to give", async () => {
  await assert.rejects(renderText({}), /image\.repository is empty.*--set image\.repository=/s);
  await assert.rejects(renderText({ image: leastValues.image }), /--set server\.image\.repository=/);
});

const refusedValues: readonly { readonly what: string; readonly values: object; readonly says: RegExp }[] = [
  { what: "an unknown value", values: { image: { repo: "x" } }, says: /\/image.*'repo' not allowed/ },
  { what: "an unknown value at the top", values: { webhook: true }, says: /'webhook' not allowed/ },
  { what: "a word for a number", values: { replicas: "two" }, says: /\/replicas.*want integer/ },
  { what: "fewer than no replicas", values: { replicas: -1 }, says: /\/replicas.*minimum/ },
  { what: "an unknown log level", values: { logLevel: "loud" }, says: /\/logLevel.*'trace', 'debug', 'info'/ },
  { what: "a URL for a host", values: { registries: { plainHttpHosts: ["http://x"] } }, says: /plainHttpHosts\/0/ },
  {
    what: "a path for a PEM",
    values: { registries: { certificateAuthority: "/ca.crt" } },
    says: /certificateAuthority/,
  },
  { what: "a tag within the repository", values: { image: { repository: "a/b:1" } }, says: /\/image\/repository/ },
  { what: "a digest that is none", values: { image: { digest: "sha256:12" } }, says: /\/image\/digest/ },
  { what: "a secret's name without the object", values: { imagePullSecrets: ["x"] }, says: /imagePullSecrets\/0/ },
];

for (const { what, values, says } of refusedValues) {
  test(`${what} is refused by the schema`, async () => {
    await assert.rejects(renderText({ ...leastValues, ...values }), (error) => {
      assert.ok(error instanceof CommandError);
      assert.match(error.stderr, says);
      return true;
    });
  });
}

test("every value is described in values.yaml", async () => {
  const lines = (await readFile(`${chartDirectory}/values.yaml`, "utf8")).split("\n");
  const undescribed = lines.filter((line, index) => /^ *[a-zA-Z]+:/.test(line) && !isDescribed(lines, index));
  assert.deepEqual(undescribed, []);
});

/** A key is described by a comment above it, or stands in a group whose first line says what it is about. */
function isDescribed(lines: readonly string[], index: number): boolean {
  const line = lines[index] ?? "";
  const above = lines[index - 1] ?? "";
  const opensGroup = /^ *[a-zA-Z]+:$/.test(line);
  const keyAbove = /^ *[a-zA-Z]+:/.test(above);
  return opensGroup || above.trimStart().startsWith("#") || (keyAbove && isDescribed(lines, index - 1));
}
