/**
 * What the API server makes of the operator's own writes is nobody's edit: zero values that it leaves out, fields that
 * admission adds or rewrites, and children that came back from a backup.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { JsonObject } from "../../../operator/api/json.ts";
import { mergeTemplate } from "../../../operator/build/merge-template.ts";
import { mutate } from "./admission.ts";
import {
  type Bench,
  condition,
  digest,
  eventually,
  type Json,
  model,
  type OperatorProcess,
  servesVersion,
  startBench,
} from "./harness.ts";
import { type OpenApi, type ZeroValue, zeroValues } from "./zero-values.ts";

let bench: Bench;
let operator: OperatorProcess;

before(async () => {
  bench = await startBench({ kind: "ready", digest: digest("1") });
  operator = await bench.startOperator();
  await bench.apply(model("probe", pinned));
  await servesVersion(bench, "probe", "v1");
  const [{ metadata, spec }] = await deploymentsOf("probe");
  probe = { name: "probe", namespace: metadata.namespace, spec };
});

after(() => bench.stop());

const pinned = { versions: [{ name: "v1", uri: "oci://registry.test/models/demo:1", digest: digest("1") }] };

/** A Deployment as the operator makes it, to try pods on. */
let probe: { readonly name: string; readonly namespace: string; readonly spec: Json };

/** Serves, in peace, and stays so: further passes write nothing. */
async function isAtRest(names: readonly string[]): Promise<void> {
  for (const name of names) {
    await servesVersion(bench, name, "v1");
    const status = await bench.status(name);
    assert.equal(condition(status, "Contested").status, "False", name);
    assert.equal(status.drift, undefined, `${name}: ${JSON.stringify(status.drift)}`);
  }
  // Not before what follows a change, such as the counts of pods, is written down.
  const [atRest, passes] = await eventually("nothing is written", async () => {
    const [writes, made] = [await operator.writes(), await operator.passes()];
    await someLook(names);
    return (await operator.writes()) === writes && ([writes, made] as const);
  });
  for (let round = 0; round < 3; round += 1) await someLook(names);
  assert.ok((await operator.passes()) > passes);
  assert.equal(await operator.writes(), atRest, "a pass that finds nothing to do writes nothing");
  for (const name of names) assert.equal((await bench.status(name)).drift, undefined, name);
}

/** A pass over each of the models, begun and ended. */
async function someLook(names: readonly string[]): Promise<void> {
  const made = await operator.passes();
  await bench.plane.kubectl(["annotate", "md", "--overwrite", ...names, `look=${Math.random()}`]);
  await eventually("it was looked at", async () => (await operator.passes()) >= made + names.length);
}

test("every zero value that a pod's spec may have: a status at once, no quarrel, and nothing written again", {
  timeout: 300_000,
}, async (context) => {
  const accepted: ZeroValue[] = [];
  const candidates = zeroValues(
    JSON.parse((await bench.plane.kubectl(["get", "--raw", "/openapi/v3/apis/apps/v1"])).stdout) as OpenApi,
  );
  for (const candidate of candidates) if (await isAccepted(candidate.podSpec)) accepted.push(candidate);
  context.diagnostic(`${candidates.length} zero values, of which the API server takes ${accepted.length}`);
  assert.ok(accepted.length > 200, `${accepted.length} of ${candidates.length}`);
  for (const path of ["hostNetwork", "containers.volumeMounts.readOnly", "containers.ports.hostPort"]) {
    assert.ok(
      candidates.some((candidate) => candidate.path === path),
      path,
    );
  }

  const groups = await together(accepted);
  context.diagnostic(`${groups.length} models hold them all`);
  const names = groups.map((_, index) => `zero-${index}`);
  for (const [index, podSpec] of groups.entries()) {
    // Without pods, of which the API server demands more than of their template.
    await bench.apply(model(`zero-${index}`, { ...pinned, replicas: 0, podTemplate: { spec: podSpec } }));
  }
  for (const name of names) {
    await eventually(`${name} has a status`, async () => (await bench.status(name)).observedGeneration === 1);
  }
  await isAtRest(names);
});

/** As many in one pod as go together. */
async function together(values: readonly ZeroValue[]): Promise<readonly JsonObject[]> {
  const groups: JsonObject[] = [];
  for (const { podSpec } of values) {
    let placed = false;
    for (const [index, group] of groups.entries()) {
      const joined = mergeTemplate({ spec: group }, { spec: podSpec })["spec"] as JsonObject;
      if (!(await isAccepted(joined))) continue;
      groups[index] = joined;
      placed = true;
      break;
    }
    if (!placed) groups.push(podSpec);
  }
  return groups;
}

async function isAccepted(podSpec: JsonObject): Promise<boolean> {
  const { name, namespace, spec } = probe;
  const template = mergeTemplate(spec.template, { spec: podSpec });
  const body = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: { selector: spec.selector, template },
  };
  const path = "/apis/apps/v1/namespaces/default/deployments";
  try {
    await bench.transport.request({ method: "POST", path, query: { dryRun: "All", fieldValidation: "Strict" }, body });
    return true;
  } catch {
    return false;
  }
}

for (const [name, podSpec] of [
  ["network", { hostNetwork: false }],
  ["mount", { containers: [{ name: "server", volumeMounts: [{ mountPath: "/model", readOnly: false }] }] }],
  ["delay", { containers: [{ name: "server", readinessProbe: { initialDelaySeconds: 0 } }] }],
  ["port", { containers: [{ name: "server", ports: [{ containerPort: 8080, hostPort: 0 }] }] }],
] as const) {
  test(`${JSON.stringify(podSpec)} by an edit is no quarrel either`, async () => {
    await bench.apply(model(`edited-${name}`, pinned));
    await servesVersion(bench, `edited-${name}`, "v1");
    const generation = (await bench.get("md", `edited-${name}`)).metadata.generation;
    await bench.patchModel(`edited-${name}`, { podTemplate: { spec: podSpec } });
    await eventually("the edit is seen", async () => {
      return (await bench.status(`edited-${name}`)).observedGeneration === generation + 1;
    });
    await isAtRest([`edited-${name}`]);
  });
}

test("a policy adds a label to the pods: that is how they are wanted", async () => {
  const relent = await mutate(bench, {
    group: "apps",
    plural: "deployments",
    when: ({ metadata }) => metadata.name.startsWith("labelled-"),
    patch: () => [{ op: "add", path: "/spec/template/metadata/labels/cost", value: "team-a" }],
  });
  await bench.apply(model("labelled", pinned));
  await isAtRest(["labelled"]);
  const [deployment] = await deploymentsOf("labelled");
  assert.equal(deployment.spec.template.metadata.labels.cost, "team-a");
  // A change of size does not take it away again, which would restart the pods.
  await bench.plane.kubectl(["scale", "md", "labelled", "--replicas=3"]);
  await isAtRest(["labelled"]);
  await relent();
  await bench.plane.kubectl(["scale", "md", "labelled", "--replicas=2"]);
  await isAtRest(["labelled"]);
  const [later] = await deploymentsOf("labelled");
  assert.equal(later.spec.replicas, 2);
  assert.equal(later.spec.template.metadata.labels.cost, "team-a");
  assert.equal(later.metadata.annotations["deployment.kubernetes.io/revision"], "1", "one set of pods all along");
});

test("a policy rewrites the image: that is the image, and an edit of it is put back to it and told", async () => {
  const relent = await mutate(bench, {
    group: "apps",
    plural: "deployments",
    when: ({ metadata }) => metadata.name.startsWith("mirrored-"),
    patch: ({ spec }) =>
      ["containers", "initContainers"].flatMap((list) =>
        (spec.template.spec[list] as Json[]).map(({ image }, index) => ({
          op: "replace",
          path: `/spec/template/spec/${list}/${index}/image`,
          value: (image as string).replace("registry.test/", "mirror.test/"),
        })),
      ),
  });
  await bench.apply(model("mirrored", pinned));
  await isAtRest(["mirrored"]);
  const [deployment] = await deploymentsOf("mirrored");
  assert.equal(deployment.spec.template.spec.containers[0].image, "mirror.test/server:1");
  const edit = ["set", "image", `deployment/${deployment.metadata.name}`, "server=registry.test/theirs:1"];
  await bench.plane.kubectl([...edit, "--field-manager=meddler"]);
  await eventually("it is put back", async () => {
    const [now] = await deploymentsOf("mirrored");
    return now.spec.template.spec.containers[0].image === "mirror.test/server:1";
  });
  const status = await eventually("and remembered", async () => {
    const seen = await bench.status("mirrored");
    return seen.drift === undefined ? undefined : seen;
  });
  assert.deepEqual(
    status.drift?.map(({ field, manager }) => [field, manager]),
    [["spec.template.spec.containers", "meddler"]],
  );
  await relent();
});

test("a policy that writes something else each time is told as such, and is not run after", async () => {
  let serial = 0;
  const relent = await mutate(bench, {
    group: "",
    plural: "services",
    when: ({ metadata }) => metadata.name === "restless",
    patch: () => [{ op: "add", path: "/spec/ports/0/name", value: `port-${(serial += 1)}` }],
  });
  await bench.apply(model("restless", pinned));
  await servesVersion(bench, "restless", "v1");
  const status = await eventually("it is contested", async () => {
    const seen = await bench.status("restless");
    return condition(seen, "Contested").status === "True" ? seen : undefined;
  });
  assert.match(condition(status, "Contested").message, /Service\/restless spec\.ports .* admission/);
  const written = await operator.writes();
  for (let round = 0; round < 3; round += 1) await someLook(["restless"]);
  assert.equal(await operator.writes(), written);
  await relent();
});

test("children that a backup brought back are ours again, with a status at once and nothing to quarrel about", async () => {
  await bench.apply(model("restored", { ...pinned, replicas: 2 }));
  await servesVersion(bench, "restored", "v1");
  const kinds = ["deployment", "controllerrevision", "service", "configmap", "pdb"];
  const saved: Json[] = [];
  for (const kind of kinds) {
    const selector = ["get", kind, "-l", "slipway.dev/model=restored", "-o", "json"];
    saved.push(...(JSON.parse((await bench.plane.kubectl(selector)).stdout).items as Json[]));
  }
  assert.ok(saved.length >= 5, `${saved.length} children`);
  await bench.plane.kubectl(["delete", "md", "restored", "--wait=true"]);
  for (const kind of kinds) {
    await eventually(`no ${kind} is left`, async () => {
      const { stdout } = await bench.plane.kubectl(["get", kind, "-l", "slipway.dev/model=restored", "-o", "name"]);
      return stdout.trim() === "";
    });
  }
  for (const child of saved) {
    // What a backup tool leaves out: whatever the API server gave the object that was.
    for (const given of ["ownerReferences", "uid", "resourceVersion", "creationTimestamp", "generation"]) {
      delete child.metadata[given];
    }
    delete child.metadata.managedFields;
    if (child.kind === "Service") for (const given of ["clusterIP", "clusterIPs"]) delete child.spec[given];
    const { status: _status, ...body } = child;
    await bench.plane.kubectl(["create", "--field-manager=velero-server", "-f", "-"], { input: JSON.stringify(body) });
  }
  await bench.apply(model("restored", { ...pinned, replicas: 2 }));
  await isAtRest(["restored"]);
  const [deployment] = await deploymentsOf("restored");
  assert.equal(deployment.metadata.ownerReferences[0].kind, "ModelDeployment");
  const told = (await bench.list("events")).filter(({ involvedObject }) => involvedObject.name === "restored");
  assert.deepEqual(
    told
      .filter(({ reason }) => reason === "FieldContested" || reason === "DriftCorrected")
      .map(({ message }) => message),
    [],
  );
});

async function deploymentsOf(name: string): Promise<readonly Json[]> {
  const { stdout } = await bench.plane.kubectl(["get", "deployment", "-l", `slipway.dev/model=${name}`, "-o", "json"]);
  return JSON.parse(stdout).items as Json[];
}
