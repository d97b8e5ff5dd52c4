import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandError } from "../../cluster/command.ts";
import type { ControlPlane } from "../../cluster/control-plane.ts";
import { waitFor } from "../../cluster/wait.ts";
import { release } from "../../chart/render.ts";
import { installedChart } from "./installed.ts";
import { mergePatch, type PatchAnswer } from "./merge-patch.ts";

const operator = `system:serviceaccount:${release.namespace}:slipway-operator`;

const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "model",
    namespace: "default",
    labels: { "slipway.dev/model": "digits" },
    annotations: { kept: "as it is" },
  },
  // Without the token's mount, which the API server would add, a patch of the containers changes the image alone.
  spec: {
    automountServiceAccountToken: false,
    containers: [{ name: "server", image: "registry.example.com/server:1" }],
  },
};

const stranger = { ...pod, metadata: { ...pod.metadata, name: "stranger", labels: {} } };

const owner = { apiVersion: "v1", kind: "ConfigMap", name: "thief", uid: "3c1a1d3e-0000-4000-8000-000000000000" };

const refused: readonly { readonly what: string; readonly patch: object; readonly says: RegExp }[] = [
  {
    what: "another image",
    patch: { spec: { containers: [{ name: "server", image: "registry.example.com/miner:1" }] } },
    says: /may not change the spec of a pod/,
  },
  { what: "a new label", patch: { metadata: { labels: { team: "x" } } }, says: /may not change the labels/ },
  {
    what: "a label taken away",
    patch: { metadata: { labels: { "slipway.dev/model": null } } },
    says: /may not change the labels/,
  },
  {
    what: "another annotation",
    patch: { metadata: { annotations: { other: "x" } } },
    says: /no annotation of a pod but/,
  },
  {
    what: "an annotation changed",
    patch: { metadata: { annotations: { kept: "x" } } },
    says: /no annotation of a pod/,
  },
  {
    what: "an annotation removed",
    patch: { metadata: { annotations: { kept: null } } },
    says: /no annotation of a pod/,
  },
  {
    what: "another annotation beside its own",
    patch: { metadata: { annotations: { "slipway.dev/in-service": "false", other: "x" } } },
    says: /no annotation of a pod/,
  },
  {
    what: "a finalizer",
    patch: { metadata: { finalizers: ["slipway.dev/stuck"] } },
    says: /finalizers or owners/,
  },
  { what: "an owner", patch: { metadata: { ownerReferences: [owner] } }, says: /finalizers or owners/ },
];

test("the operator can change one annotation of a model's pod, delete one that has ended, and nothing else", async (t) => {
  const plane = await installedChart(t);
  await plane.kubectl(["create", "serviceaccount", "default"]);
  await plane.kubectl(["create", "-f", "-"], { input: JSON.stringify(pod) });
  await plane.kubectl(["create", "-f", "-"], { input: JSON.stringify(stranger) });
  const patch = (user: string, name: string, body: object): Promise<PatchAnswer> =>
    mergePatch(plane, `/api/v1/namespaces/default/pods/${name}`, body, user);

  await t.test("once the API server has taken up the policy", async () => {
    // Dry run: until then the patch would go through.
    const attempt = { metadata: { labels: { team: "x" } } };
    await waitFor(
      "the policy to be enforced",
      async () => assert.equal((await patch(operator, "model?dryRun=All", attempt)).status, 422),
      { timeoutMilliseconds: 120_000 },
    );
  });

  for (const { what, patch: body, says } of refused) {
    await t.test(`${what} is refused`, async () => {
      const answer = await patch(operator, "model", body);
      assert.equal(answer.status, 422);
      assert.match(answer.message, says);
    });
  }

  await t.test("a pod that belongs to no model is refused", async () => {
    const answer = await patch(operator, "stranger", {
      metadata: { annotations: { "slipway.dev/in-service": "false" } },
    });
    assert.equal(answer.status, 422);
    assert.match(answer.message, /belongs to no ModelDeployment/);
  });

  await t.test("the annotation can be added, changed and removed", async () => {
    for (const value of ["false", "true", null]) {
      const answer = await patch(operator, "model", { metadata: { annotations: { "slipway.dev/in-service": value } } });
      assert.deepEqual(answer, { status: 200, message: "" });
    }
    const { stdout } = await plane.kubectl(["get", "pod", "model", "-o", "jsonpath={.metadata.annotations}"]);
    assert.deepEqual(JSON.parse(stdout), { kept: "as it is" });
  });

  await t.test("a pod that lives, or is nobody's, is not its to delete; one that has ended is", async () => {
    const remove = ["delete", "pod", "--wait=false", `--as=${operator}`];
    const refusal = (name: string): Promise<string> =>
      plane.kubectl([...remove, name]).then(
        () => "deleted",
        (error: CommandError) => error.stderr,
      );
    assert.match(await refusal("model"), /may not delete a pod that has not ended/);
    for (const name of ["model", "stranger"]) {
      const toFail = [
        "patch",
        "pod",
        name,
        "--subresource=status",
        "--type=merge",
        "-p",
        '{"status":{"phase":"Failed"}}',
      ];
      await plane.kubectl(toFail);
    }
    assert.match(await refusal("stranger"), /belongs to no ModelDeployment/);
    assert.match((await plane.kubectl([...remove, "model"])).stdout, /"?model"? deleted/);
    await plane.kubectl(["create", "-f", "-"], { input: JSON.stringify(pod) });
  });

  await t.test("nobody else is held to it", async () => {
    const answer = await patch("admin", "model", { metadata: { labels: { team: "x" } } });
    assert.equal(answer.status, 403, "the impersonated admin is in no group, so RBAC refuses");
    const { stdout } = await plane.kubectl(["label", "pod", "model", "team=x"]);
    assert.match(stdout, /labeled/);
  });

  await t.test(
    "RBAC gives it pods to patch and to delete and neither to read alone, create nor exec into",
    async () => {
      assert.equal(await may(plane, "patch", "pods"), "yes");
      assert.equal(await may(plane, "delete", "pods"), "yes");
      assert.equal(await may(plane, "create", "pods"), "no");
      assert.equal(await may(plane, "create", "pods", "--subresource=exec"), "no");
      assert.equal(await may(plane, "get", "secrets"), "no");
      assert.equal(await may(plane, "update", "modeldeployments"), "no");
      assert.equal(await may(plane, "get", "leases.coordination.k8s.io"), "no");
    },
  );
});

async function may(plane: ControlPlane, ...request: readonly string[]): Promise<string> {
  const parameters = ["auth", "can-i", ...request, "-n", "default", `--as=${operator}`];
  // kubectl ends with 1 for a no; anything else that it says fails the comparison, too.
  const { stdout } = await plane.kubectl(parameters).catch((error: CommandError) => error);
  return stdout.trim();
}
