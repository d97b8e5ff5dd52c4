import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { leastValues } from "../../chart/render.ts";
import type { CommandError } from "../../cluster/command.ts";
import { waitFor } from "../../cluster/wait.ts";
import { installedChart } from "./installed.ts";
import { startOperator } from "./operator-process.ts";

const values = { ...leastValues, watchNamespaces: ["team-a", "team-b"] };
const operator = "system:serviceaccount:slipway-system:slipway-operator";

const digest = `sha256:${"1".repeat(64)}`;

function model(namespace: string): object {
  return {
    apiVersion: "slipway.dev/v1alpha1",
    kind: "ModelDeployment",
    metadata: { name: "digits", namespace },
    spec: { version: "v1", versions: [{ name: "v1", uri: "oci://registry.example.com/digits:1", digest }] },
  };
}

test("an operator of two namespaces works in both, and may do nothing elsewhere", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "slipway-namespaced-"));
  t.after(() => rm(directory, { recursive: true }));
  const plane = await installedChart(t, { controllerManager: true }, { values });

  const running = await startOperator(t, plane, {
    name: "operator",
    directory,
    flags: ["--watch-namespaces=team-a,team-b"],
  });
  for (const namespace of ["default", "team-a", "team-b"]) {
    await plane.kubectl(["create", "-f", "-"], { input: JSON.stringify(model(namespace)) });
  }
  for (const namespace of ["team-a", "team-b"]) {
    await waitFor(
      `a Deployment in ${namespace}`,
      async () => {
        const { stdout } = await plane.kubectl(["get", "md", "digits", "-n", namespace, "-o", "json"]);
        assert.match(stdout, /"observedGeneration": 1/);
        const deployments = await plane.kubectl(["get", "deployments", "-n", namespace, "-o", "name"]);
        assert.match(deployments.stdout, /^deployment\.apps\/digits-/);
      },
      { timeoutMilliseconds: 120_000, intervalMilliseconds: 200 },
    );
  }

  await t.test("a model elsewhere is not looked at", async () => {
    const { stdout } = await plane.kubectl(["get", "md", "digits", "-n", "default", "-o", "jsonpath={.status}"]);
    assert.equal(stdout, "");
  });

  /** kubectl ends with 1 for a no. */
  const may = async (user: string, ...request: string[]): Promise<string> => {
    const asked = plane.kubectl(["auth", "can-i", ...request, `--as=${user}`]);
    return (await asked.catch((error: CommandError) => error)).stdout.trim();
  };

  await t.test("its account may list models and nodes nowhere else", async () => {
    assert.equal(await may(operator, "list", "modeldeployments", "-n", "team-a"), "yes");
    assert.equal(await may(operator, "list", "modeldeployments", "-n", "default"), "no");
    assert.equal(await may(operator, "list", "modeldeployments", "-A"), "no");
    assert.equal(await may(operator, "create", "deployments", "-n", "slipway-system"), "no");
    assert.equal(await may(operator, "list", "nodes"), "no");
    assert.equal(await may(operator, "create", "leases.coordination.k8s.io", "-n", "slipway-system"), "yes");
  });

  await t.test("who may view, edit or administer a namespace may do so with its models", async () => {
    for (const role of ["view", "edit", "admin"]) {
      await plane.kubectl(["create", "rolebinding", role, "-n", "team-a", `--clusterrole=${role}`, `--user=${role}`]);
    }
    const answers: Record<string, string[]> = {};
    for (const role of ["view", "edit", "admin"]) {
      answers[role] = [
        await may(role, "list", "modeldeployments", "-n", "team-a"),
        await may(role, "patch", "modeldeployments", "-n", "team-a"),
        await may(role, "patch", "modeldeployments", "--subresource=scale", "-n", "team-a"),
        await may(role, "patch", "modeldeployments", "--subresource=status", "-n", "team-a"),
      ];
    }
    assert.deepEqual(answers, {
      view: ["yes", "no", "no", "no"],
      edit: ["yes", "yes", "yes", "no"],
      admin: ["yes", "yes", "yes", "no"],
    });
  });

  await running.stop();
});
