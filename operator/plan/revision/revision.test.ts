import assert from "node:assert/strict";
import { test } from "node:test";
import { specOf } from "../../../test/fixtures/spec.ts";
import type { Spec } from "../../api/model.ts";
import { hashOf, targetRevision } from "./revision.ts";

const base = specOf({
  versions: [
    { name: "v1", uri: "oci://registry.test/m:1" },
    { name: "v2", uri: "oci://registry.test/m:2" },
  ],
  server: { image: "registry.test/server:1", env: [{ name: "A", value: "1" }] },
  resources: { limits: { cpu: "1" } },
  restartToken: "one",
});

function hash(change: Partial<Spec>): string | undefined {
  return targetRevision({ ...base, ...change })?.hash;
}

const same: Readonly<Record<string, Partial<Spec>>> = {
  replicas: { replicas: 7 },
  service: { service: { type: "LoadBalancer", port: 8080, annotations: { a: "b" } } },
  rollout: { rollout: { ...base.rollout, maxSurge: 1, retryToken: "again" } },
  "another entry": { versions: [...base.versions, { name: "v3", uri: "oci://registry.test/m:3" }] },
  "the entry's place": { versions: base.versions.toReversed() },
};

for (const [what, change] of Object.entries(same)) {
  test(`${what} makes no new revision`, () => assert.equal(hash(change), hash({})));
}

const other: Readonly<Record<string, Partial<Spec>>> = {
  "another version": { version: "v2" },
  "another uri": { versions: [{ name: "v1", uri: "oci://registry.test/m:1b" }] },
  "a digest": { versions: [{ name: "v1", uri: "oci://registry.test/m:1", digest: `sha256:${"1".repeat(64)}` }] },
  "another server image": { server: { ...base.server, image: "registry.test/server:2" } },
  "another variable": { server: { ...base.server, env: [{ name: "A", value: "2" }] } },
  "the order of variables": {
    server: {
      env: [
        { name: "B", value: "1" },
        { name: "A", value: "1" },
      ],
    },
  },
  "other resources": { resources: { limits: { cpu: "2" } } },
  "another restart token": { restartToken: "two" },
};

test("all that shapes a pod makes a new revision, and never the same one", () => {
  const hashes = [hash({}), ...Object.values(other).map(hash)];
  assert.equal(new Set(hashes).size, hashes.length);
});

test("the order in which keys were written makes no new revision", () => {
  const { server, resources, ...rest } = base;
  const turned: Spec = {
    ...rest,
    resources: resources ?? {},
    server: { env: server?.env ?? [], image: "registry.test/server:1" },
  };
  assert.equal(targetRevision(turned)?.hash, hash({}));
});

test("the hash of a revision stays what it was in every release: another one would restart every model", () => {
  assert.equal(hash({}), "5e842ccd8a");
});

test("a version that is no entry has no revision", () => {
  assert.equal(targetRevision({ ...base, version: "v9" }), undefined);
});

test("the hash of a value is that of its canonical JSON", () => {
  assert.equal(hashOf({ b: [1, { d: null, c: undefined }], a: "x" }), hashOf({ a: "x", b: [1, { d: null }] }));
  assert.notEqual(hashOf({ a: "1" }), hashOf({ a: 1 }));
  assert.notEqual(hashOf([1, 2]), hashOf([2, 1]));
  assert.notEqual(hashOf({ a: { b: 1 } }), hashOf({ a: {}, b: 1 }));
  assert.match(hashOf(null), /^[0-9a-f]{64}$/);
});
