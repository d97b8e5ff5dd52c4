import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../transport/resources.ts";
import { createStaleness, longestStaleMs } from "./staleness.ts";
import type { CachedIdentity } from "./store.ts";
import { createManualClock } from "../test-clock.ts";
import { createMemoryLog } from "../test-log.ts";

const pods = { group: "", version: "v1", plural: "pods", kind: "Pod" };
const secrets = { group: "", version: "v1", plural: "secrets", kind: "Secret" };

const written = (resourceVersion: string): KubeObject => ({
  metadata: { name: "a", namespace: "ns", uid: "u", resourceVersion, creationTimestamp: "2026-01-01T00:00:00Z" },
});

function setUp(namespace?: string) {
  const cache = { version: undefined as string | undefined, identity: undefined as CachedIdentity | undefined };
  const clock = createManualClock();
  const log = createMemoryLog();
  const view = {
    resource: pods,
    namespace,
    lastResourceVersion: () => cache.version,
    identity: (inNamespace: string | undefined, name: string) =>
      inNamespace === "ns" && name === "a" ? cache.identity : undefined,
  };
  return { cache, clock, log, staleness: createStaleness([view], { clock, log }) };
}

const identity = (uid: string, resourceVersion: string, deleting = false): CachedIdentity => ({
  uid,
  resourceVersion,
  deleting,
});

test("a write is unseen until the cache has reached its version, compared as numbers", () => {
  const { cache, staleness } = setUp();
  staleness.wrote("owner", pods, written("1000"));
  assert.deepEqual(staleness.unseen("owner"), ["pods/ns/a"], "nothing was listed yet");
  cache.version = "999";
  assert.deepEqual(staleness.unseen("owner"), ["pods/ns/a"]);
  assert.deepEqual(staleness.unseen("other"), []);
  cache.version = "1001";
  assert.deepEqual(staleness.unseen("owner"), []);
  cache.version = "5"; // what was seen once is not asked for again
  assert.deepEqual(staleness.unseen("owner"), []);
});

test("the object's own version is enough", () => {
  const { cache, staleness } = setUp();
  staleness.wrote("owner", pods, written("1000"));
  cache.version = "900";
  cache.identity = identity("u", "1000");
  assert.deepEqual(staleness.unseen("owner"), []);
});

test("of several writes to one object the last counts", () => {
  const { cache, staleness } = setUp();
  staleness.wrote("owner", pods, written("1000"));
  staleness.wrote("owner", pods, written("2000"));
  cache.version = "1500";
  assert.deepEqual(staleness.unseen("owner"), ["pods/ns/a"]);
});

test("a delete is unseen while the cache shows that incarnation, unless it is on its way out", () => {
  for (const after of [undefined, identity("another", "7"), identity("u", "7", true)]) {
    const { cache, staleness } = setUp();
    cache.identity = identity("u", "5");
    staleness.removed("owner", pods, "ns", "a", "u");
    assert.deepEqual(staleness.unseen("owner"), ["pods/ns/a"]);
    cache.identity = after;
    assert.deepEqual(staleness.unseen("owner"), []);
  }
});

test("what no cache watches is not waited for: another kind, another namespace", () => {
  const { staleness } = setUp("elsewhere");
  staleness.wrote("owner", secrets, written("5"));
  staleness.wrote("owner", pods, written("5"));
  staleness.removed("owner", pods, "ns", "a", "u");
  assert.deepEqual(staleness.unseen("owner"), []);
});

test("a write that never shows holds its owner for a bounded time and is named in the log", async () => {
  const { staleness, clock, log } = setUp();
  staleness.wrote("owner", pods, written("1000"));
  await clock.advance(longestStaleMs);
  assert.deepEqual(staleness.unseen("owner"), ["pods/ns/a"]);
  await clock.advance(1);
  assert.deepEqual(staleness.unseen("owner"), []);
  assert.deepEqual(
    log.lines.map(({ level, fields }) => ({ level, ...fields })),
    [{ level: "warn", owner: "owner", object: "pods/ns/a" }],
  );
});

test("forget frees the owner", () => {
  const { staleness } = setUp();
  staleness.wrote("owner", pods, written("1000"));
  staleness.forget("owner");
  assert.deepEqual(staleness.unseen("owner"), []);
});
