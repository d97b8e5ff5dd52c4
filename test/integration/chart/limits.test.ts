import assert from "node:assert/strict";
import { test } from "node:test";
import { chartDirectory, leastValues, release } from "../../chart/render.ts";
import { CommandError } from "../../cluster/command.ts";
import { waitFor } from "../../cluster/wait.ts";
import { helm, installedChart } from "./installed.ts";

const limits = { maxReplicas: 3, maxGpus: 1, allowedSources: ["oci://registry.example.com/models/", "pvc://shared/"] };

/** Was there before the limits were, and is beyond each of them. */
const large = model("large", {
  replicas: 20,
  scaling: { max: 30 },
  gpu: { count: 8 },
  versions: [entry("v1", "https://anywhere.example.com/1.onnx"), entry("v2", "https://anywhere.example.com/2.onnx")],
});

const refusedSpecs: readonly { readonly what: string; readonly spec: Spec; readonly says: RegExp }[] = [
  { what: "too many replicas", spec: { replicas: 4 }, says: /spec\.replicas is 4; at most 3 .*limits\.maxReplicas/ },
  { what: "too high a maximum", spec: { scaling: { max: 5 } }, says: /spec\.scaling\.max is 5; at most 3 / },
  { what: "too many GPUs", spec: { gpu: { count: 2 } }, says: /spec\.gpu\.count is 2; at most 1 .*limits\.maxGpus/ },
  ...[
    "https://registry.example.com/models/m.onnx",
    "oci://registry.example.com.evil.example/models/m:1",
    "oci://registry.example.com/models-of-others/m:1",
    "oci://registry.example.com/models/../others/m:1",
    "oci://registry.example.com/models/%2E./others/m:1",
    "oci://registry.example.com/models/.\t./others/m:1",
    "pvc://shared-not/m.onnx",
  ].map((uri) => ({
    what: JSON.stringify(uri),
    spec: { versions: [entry("v1", "oci://registry.example.com/models/m:1"), entry("v2", uri)] },
    says: /the uri of version v2 does not start with one of oci:\/\/registry\.example\.com\/models\/, pvc:\/\/shared\//,
  })),
];

const allowedEdits: readonly { readonly what: string; readonly patch: object }[] = [
  { what: "forward to a version that is there", patch: { version: "v2" } },
  { what: "back to one", patch: { version: "v1" } },
  { what: "fewer replicas, which are still too many", patch: { replicas: 19 } },
  { what: "a lower maximum, which is still too high", patch: { scaling: { max: 29 } } },
  { what: "a field that no limit speaks of", patch: { restartToken: "again" } },
  {
    what: "a version from an allowed source beside those that are there",
    patch: { versions: [...large.spec.versions, entry("v3", "oci://registry.example.com/models/m:3")] },
  },
  {
    what: "a version taken away, and its uri kept under another name",
    patch: { versions: [renamed()], version: "v9" },
  },
];

test("limits of an organisation judge what is new or raised, and never a way back or a scaler", async (t) => {
  const plane = await installedChart(t);
  const create = async (object: object, ...flags: readonly string[]): Promise<void> => {
    await plane.kubectl(["create", ...flags, "-f", "-"], { input: JSON.stringify(object) });
  };
  const patch = async (spec: object, ...flags: readonly string[]): Promise<void> => {
    await plane.kubectl([
      "patch",
      "modeldeployment",
      "large",
      "--type=merge",
      "-p",
      JSON.stringify({ spec }),
      ...flags,
    ]);
  };
  const upgrade = (values: object): Promise<string> =>
    helm(plane, ["upgrade", release.name, chartDirectory, "--values", "-"], { ...leastValues, ...values });
  await create(large);
  await upgrade({ limits });
  await waitFor(
    "the policy to be enforced",
    () => assert.rejects(create(model("late", { replicas: 9 }), "--dry-run=server"), CommandError),
    { timeoutMilliseconds: 120_000 },
  );

  for (const { what, spec, says } of refusedSpecs) {
    await t.test(`a new model with ${what} is refused`, async () => {
      await assert.rejects(create(model("new", spec), "--dry-run=server"), refusal(says));
    });
  }

  await t.test("what raises or adds it in a model that is there is refused, too", async () => {
    await assert.rejects(patch({ replicas: 21 }), refusal(/spec\.replicas is 21; at most 3 /));
    await assert.rejects(patch({ scaling: { max: 31 } }), refusal(/spec\.scaling\.max is 31/));
    await assert.rejects(patch({ gpu: { count: 9 } }), refusal(/spec\.gpu\.count is 9/));
    const versions = [...large.spec.versions, entry("v3", "https://anywhere.example.com/3.onnx")];
    await assert.rejects(patch({ versions }), refusal(/the uri of version v3/));
  });

  await t.test("a new model within them is made", async () => {
    const versions = [entry("v1", "pvc://shared"), entry("v2", "oci://registry.example.com/models/m:2")];
    await create(model("small", { replicas: 3, scaling: { max: 3 }, gpu: { count: 1 }, versions }));
  });

  for (const { what, patch: spec } of allowedEdits) {
    await t.test(`a model beyond all of them can have ${what}`, () => patch(spec));
  }

  await t.test("a write to the scale subresource and one to the status are not judged", async () => {
    await plane.kubectl(["scale", "modeldeployment", "small", "--replicas=50"]);
    const status = JSON.stringify({ status: { observedGeneration: 1 } });
    await plane.kubectl(["patch", "modeldeployment", "large", "--subresource=status", "--type=merge", "-p", status]);
  });

  await t.test("with watchNamespaces they are held in these alone", async () => {
    await plane.kubectl(["create", "namespace", "team-a"]);
    await upgrade({ limits, watchNamespaces: ["team-a"] });
    const beyond = model("beyond", { replicas: 9 });
    await waitFor("other namespaces to be left alone", () => create(beyond, "--dry-run=server"), {
      timeoutMilliseconds: 120_000,
    });
    await assert.rejects(create(beyond, "--dry-run=server", "--namespace=team-a"), refusal(/spec\.replicas is 9/));
  });
});

interface Entry {
  readonly name: string;
  readonly uri: string;
}

function entry(name: string, uri: string): Entry {
  return { name, uri };
}

function renamed(): Entry {
  return entry("v9", "https://anywhere.example.com/2.onnx");
}

type Spec = Readonly<Record<string, unknown>> & { readonly versions?: readonly Entry[] };

function model(name: string, spec: Spec) {
  const versions = spec.versions ?? [entry("v1", "oci://registry.example.com/models/m:1")];
  return {
    apiVersion: "slipway.dev/v1alpha1",
    kind: "ModelDeployment",
    metadata: { name },
    spec: { version: "v1", ...spec, versions },
  };
}

function refusal(says: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof CommandError);
    assert.match(error.stderr, says);
    return true;
  };
}
