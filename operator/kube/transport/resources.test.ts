import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { compareResourceVersions, keyOf, pathOf, splitKey } from "./resources.ts";

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
