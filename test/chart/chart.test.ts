import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { load } from "js-yaml";
import { annotations } from "../../server/contract.ts";
import { labels } from "../../operator/api/names.ts";
import { repositoryDirectory } from "../cluster/directories.ts";
import {
  chartDirectory,
  fullValues,
  helm,
  leastValues,
  type Manifest,
  namespacedValues,
  only,
  render,
  renderInstalled,
  renderText,
} from "./render.ts";

interface Deployment extends Manifest {
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: object };
    readonly template: {
      readonly metadata: Pick<Manifest["metadata"], "annotations"> & { readonly labels: Record<string, string> };
      readonly spec: {
        readonly serviceAccountName: string;
        readonly securityContext: object;
        readonly nodeSelector?: object;
        readonly tolerations?: object;
        readonly affinity?: object;
        readonly topologySpreadConstraints: object;
        readonly priorityClassName?: string;
        readonly imagePullSecrets?: object;
        readonly containers: readonly {
          readonly image: string;
          readonly imagePullPolicy: string;
          readonly args: readonly string[];
          readonly env: readonly { readonly name: string }[];
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
    "--workers=4",
  ]);
  assert.equal(deployment.spec.replicas, 2);
});

test("the label of Linux that nodes are asked for can be replaced, and taken away", async () => {
  const key = "kubernetes.io/os";
  for (const [given, selector] of [
    [{ [key]: "other" }, { [key]: "other" }],
    [{ [key]: null }, undefined],
    [{ [key]: null, pool: "system" }, { pool: "system" }],
  ] as const) {
    const { spec } = only(await render({ ...leastValues, nodeSelector: given }), "Deployment") as Deployment;
    assert.deepEqual(spec.template.spec.nodeSelector, selector);
  }
});

test("every value reaches the object it is for", async () => {
  const manifests = await render(fullValues);
  const { metadata, spec } = only(manifests, "Deployment") as Deployment;
  const { replicas, template } = spec;
  const [container] = template.spec.containers;
  assert.equal(container?.image, `mirror.example.com/proxy/slipway/operator:1.2.3@${fullValues.image.digest}`);
  assert.equal(container?.imagePullPolicy, "Always");
  assert.deepEqual(container?.args, [
    `--server-image=mirror.example.com/proxy/slipway/server:4.5.6@${fullValues.server.image.digest}`,
    `--gpu-server-image=mirror.example.com/proxy/slipway/server-gpu:7.8.9@${fullValues.server.gpuImage.digest}`,
    "--http-port=8080",
    "--log-level=debug",
    "--leader-elect=true",
    "--workers=8",
    "--plain-http-hosts=registry.local:5000,10.0.0.1",
    "--https-proxy=http://proxy.example.com:3128",
    "--http-proxy=http://[fd00::1]:3128/",
    "--no-proxy=*.example.internal,10.0.0.0/8,[fd00::2]:5000",
    "--certificate-authority-file=/etc/slipway/certificate-authority/ca.crt",
  ]);
  assert.deepEqual(container?.resources, fullValues.resources);
  assert.equal(replicas, 3);
  assert.equal(template.spec.serviceAccountName, "models");
  assert.deepEqual(template.spec.imagePullSecrets, fullValues.imagePullSecrets);
  assert.deepEqual(template.spec.nodeSelector, { "kubernetes.io/os": "linux", ...fullValues.nodeSelector });
  assert.deepEqual(template.spec.tolerations, fullValues.tolerations);
  assert.deepEqual(template.spec.affinity, fullValues.affinity);
  assert.deepEqual(container?.env.slice(2), fullValues.env);
  const [given, withSelector] = fullValues.topologySpreadConstraints;
  assert.deepEqual(template.spec.topologySpreadConstraints, [
    { ...given, labelSelector: { matchLabels: spec.selector.matchLabels } },
    withSelector,
  ]);
  assert.equal(template.spec.priorityClassName, fullValues.priorityClassName);
  assert.deepEqual(metadata.annotations, fullValues.deploymentAnnotations);
  assert.equal(metadata.labels?.["tier"], "backend");
  assert.equal(template.metadata.annotations?.["note"], "one");
  assert.equal(template.metadata.labels["team"], "ml");
  assert.equal(template.metadata.labels["tier"], undefined);
  assert.deepEqual(only(manifests, "ServiceAccount").metadata.annotations, { team: "ml" });
  const authority = only(manifests, "ConfigMap", "models-operator-certificate-authority") as Manifest & {
    readonly data: Record<string, string>;
  };
  assert.equal(authority.data["ca.crt"], fullValues.registries.certificateAuthority);
  const prefixed = manifests.filter((manifest) => manifest.kind !== "CustomResourceDefinition");
  assert.ok(prefixed.every((manifest) => manifest.metadata.name.startsWith("models")));
  const own = manifests.filter((manifest) => !/^models-(extra|text)$/.test(manifest.metadata.name));
  assert.ok(own.length > 12);
  for (const { kind, metadata: each } of own) {
    assert.equal(each.labels?.["owner"], "platform", `${kind} ${each.name} has the common labels`);
    assert.equal(each.labels?.["app.kubernetes.io/managed-by"], "somebody", `${kind} ${each.name}`);
    assert.equal(each.labels?.["app.kubernetes.io/instance"], "slipway", `${kind} ${each.name}`);
  }
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

test("nothing needs a webhook, cert-manager or the Prometheus Operator", async () => {
  const always = [
    "ClusterRole",
    "ClusterRole",
    "CustomResourceDefinition",
    "Deployment",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Role",
    "RoleBinding",
    "Service",
    "ServiceAccount",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
  ];
  assert.deepEqual(await kindsOf(leastValues), [...always, "ClusterRole", "ClusterRoleBinding"].toSorted());
  assert.deepEqual(
    await kindsOf(namespacedValues),
    [...always, "Role", "Role", "RoleBinding", "RoleBinding"].toSorted(),
  );
});

async function kindsOf(values: object): Promise<readonly string[]> {
  return (await renderInstalled(values)).map(({ kind }) => kind).toSorted();
}

test("the admission policy speaks of the annotation and the label that the operator uses", async () => {
  const policy = JSON.stringify(only(await render(leastValues), "ValidatingAdmissionPolicy"));
  assert.ok(policy.includes(`'${annotations.inService}'`));
  assert.ok(policy.includes(`'${labels.model}'`));
});

test("numbers of the CRD are rendered as whole numbers", async () => {
  assert.doesNotMatch(await renderText(leastValues), /: [0-9.]+e\+[0-9]+$/m);
});

test("the image for GPUs is the registry's where one is named, and none where none is", async () => {
  const imagesFor = async (values: object): Promise<readonly string[]> => {
    const [container] = (only(await render(values), "Deployment") as Deployment).spec.template.spec.containers;
    return (container?.args ?? []).filter((word) => word.startsWith("--gpu-server-image"));
  };
  assert.deepEqual(await imagesFor(leastValues), []);
  assert.deepEqual(await imagesFor({ imageRegistry: "mirror.example.com" }), [
    "--gpu-server-image=mirror.example.com/slipway/server-gpu:0.1.0",
  ]);
  const gpuImage = { repository: "registry.example.com/own", tag: "2" };
  assert.deepEqual(await imagesFor({ ...leastValues, server: { ...leastValues.server, gpuImage } }), [
    "--gpu-server-image=registry.example.com/own:2",
  ]);
});

test("Artifact Hub is told the images that a registry alone gives", async () => {
  const chart = load(await readFile(`${chartDirectory}/Chart.yaml`, "utf8")) as {
    readonly annotations: Readonly<Record<string, string>>;
  };
  const images = load(chart.annotations["artifacthub.io/images"] ?? "") as readonly {
    readonly name: string;
    readonly image: string;
  }[];
  const rendered = only(await render({ imageRegistry: "mirror.example.com" }), "Deployment") as Deployment;
  const [container] = rendered.spec.template.spec.containers;
  assert.deepEqual(
    images.map(({ name, image }) => [name, `mirror.example.com/${image}`]),
    [
      ["operator", container?.image],
      ["server", container?.args[0]?.replace("--server-image=", "")],
    ],
  );
});

test("without images the chart says what to give", async () => {
  await assert.rejects(renderText({}), /image\.repository is empty.*--set image\.repository=/s);
  await assert.rejects(renderText({ image: leastValues.image }), /--set server\.image\.repository=/);
});

const registries: readonly { readonly registry: string; readonly repository: string; readonly image: string }[] = [
  { registry: "mirror.example.com", repository: "", image: "mirror.example.com/slipway/operator" },
  { registry: "mirror.example.com/", repository: "", image: "mirror.example.com/slipway/operator" },
  { registry: "10.0.0.1:5000/a", repository: "registry.example.com/b/c", image: "10.0.0.1:5000/a/b/c" },
  { registry: "mirror:80", repository: "registry:5000/b", image: "mirror:80/b" },
  { registry: "mirror.example.com", repository: "localhost/b", image: "mirror.example.com/b" },
  { registry: "mirror.example.com", repository: "team/b", image: "mirror.example.com/team/b" },
  { registry: "mirror.example.com", repository: "b", image: "mirror.example.com/b" },
  { registry: "", repository: "registry.example.com/b", image: "registry.example.com/b" },
];

for (const { registry, repository, image } of registries) {
  test(`registry ${registry || "none"} with repository ${repository || "none"} gives ${image}`, async () => {
    const values = { imageRegistry: registry, image: { repository }, server: { image: { repository } } };
    const [container] = (only(await render(values), "Deployment") as Deployment).spec.template.spec.containers;
    assert.equal(container?.image, `${image}:0.1.0`);
    const server = repository === "" ? image.replace("operator", "server") : image;
    assert.equal(container?.args[0], `--server-image=${server}:0.1.0`);
  });
}
