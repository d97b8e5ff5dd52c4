import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { dump, load } from "js-yaml";
import { type Json, type JsonObject, stringsAt, valueAt } from "../api/json.ts";
import type { ModelMetadata, Spec } from "../api/model.ts";
import { controllerRevision } from "./controller-revision.ts";
import { deployment } from "./deployment.ts";
import { horizontalPodAutoscaler } from "./horizontal-pod-autoscaler.ts";
import { mergeTemplate } from "./merge-template.ts";
import { networkPolicy } from "./network-policy.ts";
import { podDisruptionBudget } from "./pod-disruption-budget.ts";
import { podTemplate } from "./pod-template.ts";
import { service, serviceUrl } from "./service.ts";
import { versionsRecord } from "./versions.ts";

const repository = join(import.meta.dirname, "..", "..");
const golden = join(repository, "test", "golden", "model.yaml");

const model: ModelMetadata = {
  name: "resnet50",
  namespace: "vision",
  uid: "5b6f9f8e-0000-4000-8000-000000000001",
  resourceVersion: "1",
  generation: 1,
};
const revision = "0123456789";
const version = {
  name: "v1",
  uri: "oci://registry.test/models/resnet50:1",
  digest: `sha256:${"ab".repeat(32)}`,
};
const exact = { kind: "exact", revision } as const;
const frontSpec: Spec["service"] = {
  type: "LoadBalancer",
  port: 8080,
  annotations: { "example.com/b": "2", "example.com/a": "1" },
};

function template(
  gpu: NonNullable<Spec["gpu"]> = {
    count: 1,
    resourceName: "nvidia.com/gpu",
    products: ["NVIDIA-L4"],
    minMemory: "16Gi",
  },
) {
  return podTemplate({
    model: model.name,
    revision,
    version,
    image: "registry.test/slipway/server:1.0.0",
    env: [{ name: "SLIPWAY_LOG_LEVEL", value: "debug" }],
    resources: { requests: { cpu: "500m" }, limits: { cpu: "2", memory: "1Gi" } },
    session: { workers: 2, intraOpThreads: 1 },
    corsOrigins: ["https://app.example.com", "http://localhost:3000"],
    batching: { maxSize: 16, maxDelayMs: 2, maxQueue: 64 },
    source: {
      secretRef: { name: "registry-login" },
      serviceAccountName: "model-reader",
      timeoutSeconds: 600,
      sizeLimit: "10Gi",
    },
    gpu,
    placement: {
      nodeSelector: { pool: "models" },
      tolerations: [{ key: "pool", operator: "Equal", value: "models", effect: "NoSchedule" }],
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "ScheduleAnyway" },
      ],
      priorityClassName: "models",
    },
    plainHttpHosts: ["registry.test", "cache.test:5000"],
    certificateAuthority: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
    proxy: {
      http: "http://proxy.test:3128",
      https: "http://proxy.test:3129",
      exceptions: ["10.0.0.0/8", ".internal.test"],
    },
  });
}

/** Value of a variable as it stands in the containers. */
function written(list: readonly { env?: { name: string; value?: string }[] }[], name: string): string | undefined {
  return list.flatMap(({ env = [] }) => env).find((variable) => variable.name === name)?.value;
}

function plain(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

/** Everything that is made for one model with every field set, in the order of making. */
function everything(): JsonObject[] {
  const pods = plain(template());
  return [
    versionsRecord(model, { v1: version.digest }, { v1: "0123abcd" }),
    controllerRevision(model, revision, "v1", 1, { inputs: { version }, template: pods }),
    deployment(model, revision, "v1", pods, 3),
    service(model, frontSpec, exact),
    podDisruptionBudget(model, exact),
    horizontalPodAutoscaler(model, {
      min: 2,
      max: 8,
      metric: "CPU",
      targetPercent: 70,
      behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
    }),
    networkPolicy(model, { from: [{ namespaceSelector: { matchLabels: { team: "web" } } }] }, "slipway-system"),
  ].map(plain);
}

test("all that is made for a model is what test/golden/model.yaml says (UPDATE_GOLDEN=1 writes it anew)", async () => {
  const made = everything()
    .map((manifest) => dump(manifest, { noRefs: true, lineWidth: 120 }))
    .join("---\n");
  if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(golden, made);
  assert.equal(made, await readFile(golden, "utf8"));
});

test("every object is the model's own: labelled, owned, in its namespace", () => {
  for (const manifest of everything()) {
    assert.equal(valueAt(manifest, "metadata", "namespace"), "vision");
    assert.equal(valueAt(manifest, "metadata", "labels", "slipway.dev/model"), "resnet50");
    const [owner] = valueAt(manifest, "metadata", "ownerReferences") as Json[];
    assert.equal(valueAt(owner, "uid"), model.uid);
    assert.equal(valueAt(owner, "controller"), true);
  }
});

test("names and labels of the longest names that the CRD allows are within Kubernetes' bounds", () => {
  const longest = { ...model, name: "m".repeat(52) };
  const longestVersion = "v".repeat(63);
  const made = [
    versionsRecord(longest, {}, {}),
    deployment(longest, revision, longestVersion, plain(template()), 1),
    controllerRevision(longest, revision, longestVersion, 1, { inputs: {}, template: {} }),
    service(longest, frontSpec, exact),
    podDisruptionBudget(longest, exact),
  ].map(plain);
  for (const manifest of made) {
    assert.ok((stringsAt(manifest, "metadata")["name"] ?? "").length <= 63);
    for (const value of Object.values(stringsAt(manifest, "metadata", "labels"))) assert.ok(value.length <= 63);
  }
});

test("the selector of a Deployment matches its pods, and no pod of another revision", () => {
  const own = valueAt(plain(template()), "metadata", "labels");
  const made = plain(deployment(model, revision, "v1", plain(template()), 1));
  const selector = stringsAt(made, "spec", "selector", "matchLabels");
  assert.deepEqual(selector, { "slipway.dev/model": "resnet50", "slipway.dev/revision": revision });
  for (const [key, value] of Object.entries(selector)) assert.equal(valueAt(own, key), value);
});

test("only the download knows where the model comes from, and it alone may write it", () => {
  const { initContainers = [], containers } = template().spec ?? { containers: [] };
  const names = (list: typeof containers): string[] => list.flatMap(({ env = [] }) => env.map(({ name }) => name));
  const secret = ["SLIPWAY_MODEL_URI", "SLIPWAY_MODEL_DIGEST", "SLIPWAY_RECORDED_DIGEST", "SLIPWAY_PLAIN_HTTP_HOSTS"];
  for (const name of secret) assert.ok(names(initContainers).includes(name), name);
  for (const name of secret) assert.equal(names(containers).includes(name), false, name);
  const writable = containers.flatMap(({ volumeMounts = [] }) =>
    volumeMounts.filter(({ readOnly }) => readOnly !== true),
  );
  assert.deepEqual(writable, [{ name: "packed", mountPath: "/packed" }]);
});

test("telemetry is off in every container", () => {
  const { initContainers = [], containers } = template().spec ?? { containers: [] };
  for (const { name, env = [] } of [...initContainers, ...containers]) {
    assert.ok(
      env.some((variable) => variable.name === "ORT_DISABLE_TELEMETRY" && variable.value === "1"),
      name,
    );
  }
});

test("the CRD refuses the variables that the server's container has from us, and those alone", async () => {
  const text = await readFile(join(repository, "crds", "modeldeployment.yaml"), "utf8");
  const rule = /self\.name in \[([^\]]*)\]/.exec(JSON.stringify(load(text)))?.[1] ?? "";
  const refused = [...rule.matchAll(/'([^']+)'/g)].map(([, name]) => name ?? "");
  const [server] = template().spec?.containers ?? [];
  const set = (server?.env ?? []).map(({ name }) => name).filter((name) => name !== "SLIPWAY_LOG_LEVEL");
  assert.deepEqual(refused.toSorted(), set.toSorted());
});

test("values are taken as they are, also where the kubelet would expand them", () => {
  const value = "pa$$word $(SLIPWAY_MODEL_NAME) $x";
  const { spec } = podTemplate({
    model: "m",
    revision,
    version: { name: "v1", uri: "oci://registry.test/$(A):1" },
    image: "i",
    env: [{ name: "PASSWORD", value }],
    resources: undefined,
    session: undefined,
    corsOrigins: undefined,
    batching: undefined,
    source: undefined,
    gpu: undefined,
    placement: undefined,
    plainHttpHosts: [],
    certificateAuthority: "",
    proxy: { http: "", https: "", exceptions: [] },
  });
  assert.equal(written(spec?.containers ?? [], "PASSWORD"), "pa$$$$word $$(SLIPWAY_MODEL_NAME) $$x");
  assert.equal(written(spec?.initContainers ?? [], "SLIPWAY_MODEL_URI"), "oci://registry.test/$$(A):1");
});

test("only the container that downloads knows of proxies, and a variable of the user's own wins", () => {
  const { spec } = template();
  const names = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];
  assert.deepEqual(
    names.map((name) => written(spec?.initContainers ?? [], name)),
    ["http://proxy.test:3128", "http://proxy.test:3129", "10.0.0.0/8,.internal.test"],
  );
  assert.deepEqual(
    names.map((name) => written(spec?.containers ?? [], name)),
    [undefined, undefined, undefined],
  );
  const own = { name: "HTTPS_PROXY", value: "http://mine.test:1" };
  const merged = mergeTemplate(plain(template()), { spec: { initContainers: [{ name: "fetch", env: [own] }] } });
  assert.equal(
    written((merged as unknown as ReturnType<typeof template>).spec?.initContainers ?? [], "HTTPS_PROXY"),
    own.value,
  );
});

test("the address leaves out port 80", () => {
  assert.equal(serviceUrl(model, { type: "ClusterIP", port: 80 }), "http://resnet50.vision.svc");
  assert.equal(serviceUrl(model, frontSpec), "http://resnet50.vision.svc:8080");
});

test("a Service remembers which annotations came from the spec, and keeps its own from being set there", () => {
  const annotations = { "slipway.dev/annotations-from-spec": "mine", a: "1" };
  const made = service(model, { type: "ClusterIP", port: 80, annotations }, { kind: "shared" });
  assert.deepEqual(made.metadata?.annotations, {
    a: "1",
    "slipway.dev/annotations-from-spec": "a,slipway.dev/annotations-from-spec",
  });
  assert.deepEqual(made.spec?.selector, { "slipway.dev/model": "resnet50" });
});

test("a slice of a GPU is a limit of the server alone, and its node's taints are tolerated", () => {
  const { spec } = template({ count: 2, resourceName: "nvidia.com/mig-1g.5gb" });
  assert.deepEqual(spec?.containers[0]?.resources?.limits, { cpu: "2", memory: "1Gi", "nvidia.com/mig-1g.5gb": "2" });
  assert.deepEqual(spec?.initContainers?.[0]?.resources?.limits, { cpu: "2", memory: "1Gi" });
  assert.deepEqual(
    spec?.tolerations?.map(({ key }) => key),
    ["pool", "nvidia.com/mig-1g.5gb", "nvidia.com/gpu"],
  );
});
