import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type KubeObject, compareResourceVersions, keyOf, ownerKey, pathOf, splitKey } from "./resources.ts";

const pods = { group: "", version: "v1", plural: "pods", kind: "Pod" };
const deployments = { group: "apps", version: "v1", plural: "deployments", kind: "Deployment" };

const paths: readonly (readonly [string, string])[] = [
  [pathOf(pods), "/api/v1/pods"],
  [pathOf(pods, "default"), "/api/v1/namespaces/default/pods"],
  [pathOf(deployments, "default", "web"), "/apis/apps/v1/namespaces/default/deployments/web"],
  [pathOf(deployments, "default", "web", "status"), "/apis/apps/v1/namespaces/default/deployments/web/status"],
  [pathOf(deployments, undefined, "web"), "/apis/apps/v1/deployments/web"],
  [pathOf(pods, "../..", "a?b/c"), "/api/v1/namespaces/..%2F../pods/a%3Fb%2Fc"],
];
for (const [found, expected] of paths) {
  test(`path ${expected}`, () => assert.equal(found, expected));
}

test("a key splits into what it was made of", () => {
  assert.deepEqual(splitKey(keyOf("ns", "name")), { namespace: "ns", name: "name" });
  assert.deepEqual(splitKey(keyOf(undefined, "name")), { namespace: undefined, name: "name" });
});

const owned = (apiVersion: string, kind: string, controller: boolean): KubeObject => ({
  metadata: {
    name: "child",
    namespace: "ns",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    ownerReferences: [{ apiVersion, kind, name: "owner", uid: "o", controller }],
  },
});
const owners: readonly (readonly [name: string, object: KubeObject, expected: string | undefined])[] = [
  ["the controller of the kind", owned("apps/v1", "Deployment", true), "ns/owner"],
  ["another version of the group", owned("apps/v2", "Deployment", true), "ns/owner"],
  ["another group with the same kind", owned("other.dev/v1", "Deployment", true), undefined],
  ["the core group is not the group", owned("v1", "Deployment", true), undefined],
  ["another kind", owned("apps/v1", "ReplicaSet", true), undefined],
  ["an owner that is not the controller", owned("apps/v1", "Deployment", false), undefined],
];
for (const [name, object, expected] of owners) {
  test(`owner: ${name}`, () => assert.equal(ownerKey(object, deployments), expected));
}

test("resourceVersions are ordered as numbers of any size", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 128n }), fc.bigInt({ min: 1n, max: 2n ** 128n }), (left, right) => {
      const order = compareResourceVersions(String(left), String(right)) ?? Number.NaN;
      assert.equal(Math.sign(order), left < right ? -1 : left > right ? 1 : 0);
    }),
  );
});

test("resourceVersions that are no numbers can only be equal", () => {
  assert.equal(compareResourceVersions("a1", "a1"), 0);
  for (const odd of ["a1", "", "0", "01", "-1", "1.0"]) assert.equal(compareResourceVersions(odd, "5"), undefined);
});
