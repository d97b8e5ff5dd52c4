import assert from "node:assert/strict";
import { test } from "node:test";
import { inReleaseNamespace, onlyInTheWholeCluster, whereModelsLive } from "./permissions.ts";
import { leastValues, type Manifest, namespacedValues, only, release, render } from "./render.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

type RoleLike = Manifest & { readonly rules: readonly Rule[] };
type BindingLike = Manifest & {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: object;
};

const operatorRole = `slipway-operator-${release.namespace}`;
const account = { kind: "ServiceAccount", name: "slipway-operator", namespace: release.namespace };

test("the operator may do exactly what it does", async () => {
  const manifests = await render(leastValues);
  const role = only(manifests, "ClusterRole", operatorRole) as RoleLike;
  assert.deepEqual(permissions(role), { ...whereModelsLive, ...onlyInTheWholeCluster });
  const leases = only(manifests, "Role") as RoleLike;
  assert.deepEqual(permissions(leases), inReleaseNamespace);
  assert.equal(leases.metadata.namespace, release.namespace);
});

test("with watchNamespaces it may do so there alone, and sees no nodes", async () => {
  const manifests = await render(namespacedValues);
  const roles = manifests.filter(({ kind }) => kind === "Role") as RoleLike[];
  const byNamespace = Object.fromEntries(roles.map((role) => [role.metadata.namespace, permissions(role)]));
  assert.deepEqual(byNamespace, {
    "team-a": whereModelsLive,
    "team-b": whereModelsLive,
    [release.namespace]: inReleaseNamespace,
  });
  assert.deepEqual(
    manifests.filter(({ kind }) => kind === "ClusterRoleBinding"),
    [],
  );
});

test("a watched namespace may be the release's own", async () => {
  const manifests = await render({ ...leastValues, watchNamespaces: [release.namespace] });
  const roles = manifests.filter(({ kind }) => kind === "Role");
  assert.deepEqual(roles.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).toSorted(), [
    `${release.namespace}/slipway-operator`,
    `${release.namespace}/${operatorRole}`,
  ]);
});

for (const [what, values] of Object.entries({ cluster: leastValues, namespaces: namespacedValues })) {
  test(`each role is bound to the operator's account and to nobody else, in the ${what}`, async () => {
    const manifests = await render(values);
    const bindings = manifests.filter(({ kind }) => kind.endsWith("RoleBinding")) as BindingLike[];
    assert.ok(bindings.length >= 2);
    for (const { kind, metadata, roleRef, subjects } of bindings) {
      assert.deepEqual(roleRef, {
        apiGroup: "rbac.authorization.k8s.io",
        kind: kind.replace("Binding", ""),
        name: metadata.name,
      });
      assert.deepEqual(subjects, [account]);
      const role = manifests.filter((each) => each.kind === roleRef.kind && each.metadata.name === roleRef.name);
      assert.equal(role.filter((each) => each.metadata.namespace === metadata.namespace).length, 1);
    }
  });
}

test("people get models along with the cluster's own roles, and nobody but the operator writes status", async () => {
  const manifests = await render(leastValues);
  const view = only(manifests, "ClusterRole", `${operatorRole}-view`) as RoleLike;
  const edit = only(manifests, "ClusterRole", `${operatorRole}-edit`) as RoleLike;
  assert.deepEqual(aggregatedTo(view), ["admin", "edit", "view"]);
  assert.deepEqual(aggregatedTo(edit), ["admin", "edit"]);
  assert.deepEqual(permissions(view), {
    "slipway.dev/modeldeployments": "get list watch",
    "slipway.dev/modeldeployments/status": "get",
    "slipway.dev/modeldeployments/scale": "get",
  });
  assert.deepEqual(permissions(edit), {
    "slipway.dev/modeldeployments": "create update patch delete deletecollection",
    "slipway.dev/modeldeployments/scale": "update patch",
  });
});

function aggregatedTo({ metadata }: RoleLike): readonly string[] {
  const prefix = "rbac.authorization.k8s.io/aggregate-to-";
  const labels = Object.entries(metadata.labels ?? {}).filter(
    ([name, value]) => name.startsWith(prefix) && value === "true",
  );
  return labels.map(([name]) => name.slice(prefix.length)).toSorted();
}

/** The rules as a flat list; what stands in two rules would be lost, so that is an error. */
function permissions(role: RoleLike): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { apiGroups, resources, resourceNames = [], verbs } of role.rules) {
    for (const group of apiGroups) {
      for (const resource of resources) {
        const target = [`${group}/${resource}`, ...resourceNames].join(" ");
        assert.equal(found[target], undefined, `${target} stands in two rules`);
        found[target] = verbs.join(" ");
      }
    }
  }
  return found;
}
