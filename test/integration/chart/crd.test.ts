import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Model } from "../../../operator/api/model.ts";
import { CommandError } from "../../cluster/command.ts";
import type { ControlPlane } from "../../cluster/control-plane.ts";
import { repositoryDirectory } from "../../cluster/directories.ts";
import { installedChart } from "./installed.ts";

const digest = `sha256:${"1".repeat(64)}`;
const otherDigest = `sha256:${"2".repeat(64)}`;
const v1 = { name: "v1", uri: "oci://registry.example.com/digits:1", digest };
const v2 = { name: "v2", uri: "oci://registry.example.com/digits:2" };

interface Spec {
  readonly [field: string]: unknown;
}

const spec: Spec = { version: "v1", versions: [v1, v2] };

function model(name: string, modelSpec: Spec): object {
  return {
    apiVersion: "slipway.dev/v1alpha1",
    kind: "ModelDeployment",
    metadata: { name, namespace: "default" },
    spec: modelSpec,
  };
}

const refusedAtCreation: readonly { readonly what: string; readonly object: object; readonly says: RegExp }[] = [
  {
    what: "an unknown version name",
    object: model("digits", { ...spec, version: "v3" }),
    says: /spec\.version.*there is no version v3 in spec\.versions: add an entry of that name/s,
  },
  { what: "no versions", object: model("digits", { version: "v1", versions: [] }), says: /spec\.versions/ },
  { what: "no version", object: model("digits", { versions: [v1] }), says: /spec\.version: Required value/ },
  { what: "the same version twice", object: model("digits", { ...spec, versions: [v1, v1] }), says: /Duplicate value/ },
  {
    what: "an unknown field",
    object: model("digits", { ...spec, replica: 2 }),
    says: /unknown field "spec\.replica"/,
  },
  {
    what: "an unknown field deep inside",
    object: model("digits", { ...spec, versions: [{ ...v1, url: "x" }] }),
    says: /unknown field "spec\.versions\[0\]\.url"/,
  },
  {
    what: "a word for a number",
    object: model("digits", { ...spec, replicas: "two" }),
    says: /spec\.replicas.*must be of type integer/s,
  },
  { what: "fewer than no replicas", object: model("digits", { ...spec, replicas: -1 }), says: /spec\.replicas/ },
  {
    what: "a list for an object",
    object: model("digits", { ...spec, resources: ["1Gi"] }),
    says: /spec\.resources.*must be of type object/s,
  },
  {
    what: "a uri without a scheme",
    object: model("digits", { ...spec, versions: [{ ...v1, uri: "registry.example.com/digits:1" }] }),
    says: /spec\.versions\[0\]\.uri/,
  },
  {
    what: "a digest that is none",
    object: model("digits", { ...spec, versions: [{ ...v1, digest: "sha256:12" }] }),
    says: /spec\.versions\[0\]\.digest/,
  },
  {
    what: "a quantity that is none",
    object: model("digits", { ...spec, resources: { limits: { memory: "much" } } }),
    says: /spec\.resources\.limits\.memory/,
  },
  {
    what: "a service type that there is not",
    object: model("digits", { ...spec, service: { type: "Ingress" } }),
    says: /spec\.service\.type.*"ClusterIP", "NodePort", "LoadBalancer"/s,
  },
  {
    what: "a variable that Slipway sets",
    object: model("digits", { ...spec, server: { env: [{ name: "ORT_DISABLE_TELEMETRY", value: "0" }] } }),
    says: /ORT_DISABLE_TELEMETRY is set by Slipway: remove it/,
  },
  {
    what: "a surge in words",
    object: model("digits", { ...spec, rollout: { maxSurge: "half" } }),
    says: /spec\.rollout\.maxSurge/,
  },
  {
    what: "a name that a Service cannot have",
    object: model("2digits", spec),
    says: /starts with a lower-case letter/,
  },
  { what: "a name with a dot", object: model("di.gits", spec), says: /lower-case letters, digits and '-'/ },
  { what: "a name of 53 characters", object: model("d".repeat(53), spec), says: /at most 52 characters/ },
];

const edits: readonly {
  readonly what: string;
  readonly from: Spec;
  readonly to: Spec;
  readonly says?: RegExp;
}[] = [
  { what: "going forward", from: spec, to: { ...spec, version: "v2" } },
  { what: "going back", from: { ...spec, version: "v2" }, to: spec },
  {
    what: "going back while another entry goes",
    from: { ...spec, version: "v2" },
    to: { version: "v1", versions: [v1] },
  },
  {
    what: "going back with every other field changed at once",
    from: { ...spec, version: "v2", replicas: 0 },
    to: { ...spec, replicas: 7, rollout: { maxSurge: 1, maxUnavailable: "50%" }, service: { type: "NodePort" } },
  },
  {
    what: "inserting an entry before the others",
    from: spec,
    to: { ...spec, versions: [{ ...v2, name: "v0" }, v1, v2] },
  },
  {
    what: "correcting an entry without a digest",
    from: spec,
    to: { ...spec, versions: [v1, { ...v2, uri: "oci://a/b:3" }] },
  },
  { what: "adding a digest", from: spec, to: { ...spec, versions: [v1, { ...v2, digest: otherDigest }] } },
  {
    what: "changing the uri of an entry that has a digest",
    from: spec,
    to: { ...spec, versions: [{ ...v1, uri: "oci://a/b:3" }, v2] },
    says: /version v1 has a digest, so neither that nor its uri can be changed: add an entry with another name instead/,
  },
  {
    what: "changing a digest",
    from: spec,
    to: { ...spec, versions: [{ ...v1, digest: otherDigest }, v2] },
    says: /version v1 has a digest, so neither that nor its uri can be changed/,
  },
  {
    what: "dropping a digest",
    from: spec,
    to: { ...spec, versions: [{ name: v1.name, uri: v1.uri }, v2] },
  },
  {
    what: "removing the entry that is asked for",
    from: spec,
    to: { ...spec, versions: [v2] },
    says: /there is no version v1 in spec\.versions/,
  },
];

const examplesDirectory = join(repositoryDirectory, "examples");

const explained = [
  "",
  ".spec.version",
  ".spec.versions.uri",
  ".spec.rollout.keepPreviousSeconds",
  ".spec.server.env.value",
  ".spec.service.annotations",
  ".status.lastFailure.stage",
];

test("the API on a real API server", async (t) => {
  const plane = await installedChart(t);

  for (const { what, object, says } of refusedAtCreation) {
    await t.test(`${what} is refused at creation`, () => assertRefused(put(plane, "create", object), says));
  }

  for (const [index, { what, from, to, says }] of edits.entries()) {
    await t.test(`${what} is ${says === undefined ? "accepted" : "refused"}`, async () => {
      const name = `edited-${index}`;
      await put(plane, "create", model(name, from));
      if (says === undefined) await put(plane, "replace", model(name, to));
      else await assertRefused(put(plane, "replace", model(name, to)), says);
    });
  }

  for (const file of await readdir(examplesDirectory)) {
    await t.test(`examples/${file} is accepted, and its second version, too`, async () => {
      const example = join(examplesDirectory, file);
      const { stderr } = await plane.kubectl(["create", "--validate=strict", "-f", example]);
      assert.equal(stderr, "", "the API server warns of nothing");
      const { stdout } = await plane.kubectl(["get", "-f", example, "-o", "json"]);
      const { metadata, spec: created } = JSON.parse(stdout) as Model;
      const version = created.versions.at(-1)?.name;
      const patch = JSON.stringify({ spec: { version } });
      await plane.kubectl(["patch", "md", metadata.name, "--type=merge", "-p", patch]);
    });
  }

  await t.test("one-field patch forward and back, and scale through its subresource", async () => {
    await put(plane, "create", model("patched", spec));
    for (const version of ["v2", "v1"]) {
      await plane.kubectl(["patch", "md", "patched", "--type=merge", "-p", JSON.stringify({ spec: { version } })]);
    }
    await plane.kubectl(["scale", "md/patched", "--replicas=0"]);
    await plane.kubectl(["scale", "md/patched", "--replicas=3"]);
    const { stdout } = await plane.kubectl(["get", "md", "patched", "-o", "jsonpath={.spec.version} {.spec.replicas}"]);
    assert.equal(stdout, "v1 3");
  });

  await t.test("the columns are there, also when there is no status yet", async () => {
    const { stdout } = await plane.kubectl(["get", "md", "patched", "-o", "wide"]);
    const [header = ""] = stdout.split("\n");
    const names = header.trim().split(/\s{2,}/);
    assert.deepEqual(names.slice(1), ["READY", "AVAILABLE", "VERSION", "TARGET", "REPLICAS", "REASON", "AGE", "URL"]);
  });

  for (const field of explained) {
    await t.test(`kubectl explain modeldeployment${field} says something`, async () => {
      const { stdout } = await plane.kubectl(["explain", `modeldeployment${field}`]);
      assert.match(stdout, /DESCRIPTION:\n {4}\S/);
      assert.doesNotMatch(stdout, /<empty>/);
    });
  }
});

async function put(plane: ControlPlane, how: "create" | "replace", object: object): Promise<void> {
  await plane.kubectl([how, "--validate=strict", "-f", "-"], { input: JSON.stringify(object) });
}

async function assertRefused(attempt: Promise<void>, says: RegExp): Promise<void> {
  await assert.rejects(attempt, (error) => {
    assert.ok(error instanceof CommandError);
    assert.match(error.stderr, says);
    return true;
  });
}
