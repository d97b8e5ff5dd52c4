import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterWide, inReleaseNamespace } from "./permissions.ts";
import { leastValues, type Manifest, only, release, render } from "./render.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

type RoleLike = Manifest & { readonly rules: readonly Rule[] };

test("the operator may do exactly what it does", async () => {
  const manifests = await render(leastValues);
  assert.deepEqual(permissions(only(manifests, "ClusterRole") as RoleLike), clusterWide);
  const role = only(manifests, "Role") as RoleLike;
  assert.deepEqual(permissions(role), inReleaseNamespace);
  assert.equal(role.metadata.namespace, release.namespace);
});

test("both roles are bound to the operator's account and to nobody else", async () => {
  const manifests = await render(leastValues);
  for (const [binding, role] of [
    ["ClusterRoleBinding", "ClusterRole"],
    ["RoleBinding", "Role"],
  ] as const) {
    const { roleRef, subjects } = only(manifests, binding) as Manifest & {
      readonly roleRef: object;
      readonly subjects: object;
    };
    const name = only(manifests, role).metadata.name;
    assert.deepEqual(roleRef, { apiGroup: "rbac.authorization.k8s.io", kind: role, name });
    assert.deepEqual(subjects, [
      { kind: "ServiceAccount", name: only(manifests, "ServiceAccount").metadata.name, namespace: release.namespace },
    ]);
  }
});

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
