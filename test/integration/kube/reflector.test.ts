import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { pageSize } from "../../../operator/kube/watch/list.ts";
import { type KubeObject, pathOf } from "../../../operator/kube/transport/resources.ts";
import type { WatchEvent } from "../../../operator/kube/transport/transport.ts";
import { type ControlPlane, startControlPlane } from "../../cluster/control-plane.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import {
  configMap,
  configMaps,
  connect,
  connectPlainly,
  fieldManager,
  follow,
  namespace,
  patienceMs,
  stopFollowing,
  until,
} from "./runtime.ts";

let plane: ControlPlane;
let proxy: FaultProxy;
let direct: ReturnType<typeof connect>;
let proxied: ReturnType<typeof connectPlainly>;
let scenario = 0;
let label = "";

before(async () => {
  plane = await startControlPlane({ name: "kube-reflector" });
  proxy = await startFaultProxy(plane);
  direct = connect(plane);
  proxied = connectPlainly(proxy.url);
});
after(async () => {
  await proxied?.transport.close();
  await direct?.transport.close();
  await proxy?.close();
  await plane?.stop();
});
afterEach(stopFollowing);
beforeEach(() => {
  scenario += 1;
  label = `s${scenario}`;
  proxy.seen.length = 0;
  proxy.fault = () => undefined;
});

const isWatch = (url: string): boolean => url.includes("watch=true");
const create = (name: string, data: Record<string, string> = {}) =>
  direct.client.create(configMaps, configMap(`${label}-${name}`, { scenario: label }, data), { fieldManager });
const remove = async (name: string): Promise<void> => {
  const found = await direct.client.get(configMaps, namespace, `${label}-${name}`);
  await direct.client.remove(configMaps, namespace, `${label}-${name}`, { uid: found.metadata.uid });
};
const followHere = (more: Parameters<typeof follow>[3] = {}) =>
  follow(proxied.transport, proxied.metrics, `scenario=${label}`, more);

test("follows additions, edits, removals and what leaves the selector", async () => {
  await create("old", { a: "1" });
  const { reflector, changes } = followHere();
  await reflector.whenSynced(AbortSignal.timeout(patienceMs));
  await create("new");
  await direct.client.patch(
    configMaps,
    namespace,
    `${label}-old`,
    { data: { a: "2" } },
    { type: "merge", fieldManager },
  );
  await direct.client.patch(
    configMaps,
    namespace,
    `${label}-new`,
    { metadata: { labels: { scenario: "elsewhere" } } },
    { type: "merge", fieldManager },
  );
  await remove("old");
  await until(() => changes.length === 5);
  assert.deepEqual(
    changes.map(({ kind, key }) => `${kind} ${key}`),
    [
      `added ${namespace}/${label}-old`,
      `added ${namespace}/${label}-new`,
      `changed ${namespace}/${label}-old`,
      `removed ${namespace}/${label}-new`,
      `removed ${namespace}/${label}-old`,
    ],
  );
  assert.equal(reflector.size(), 0);
});

test("events come again within a second after a connection reset, each time", async () => {
  const { reflector, changes } = followHere();
  await reflector.whenSynced(AbortSignal.timeout(patienceMs));
  await until(() => reflector.lagMs() === 0);
  const seenAfterMs = async (name: string): Promise<number> => {
    const known = changes.length;
    const startedAt = performance.now();
    await create(name);
    await until(() => changes.length > known);
    return performance.now() - startedAt;
  };
  // What the machine itself takes just now, without a reset; with one it is a connection and a request more.
  const undisturbedMs = Math.max(await seenAfterMs("first"), await seenAfterMs("second"));
  for (let round = 0; round < 5; round++) {
    await delay(600); // a watch that is cut as soon as it is open, again and again, is asked for more and more slowly
    proxy.cut();
    const tookMs = await seenAfterMs(`after-reset-${round}`);
    assert.ok(tookMs < 1_000 + 10 * undisturbedMs, `${tookMs} ms, and ${undisturbedMs} ms without a reset`);
  }
  assert.equal(changes.length, 7, "nothing twice");
  assert.equal(proxy.seen.filter(({ url }) => !isWatch(url)).length, 1, "a reset costs no new list");
});

test("a watch that has fallen silent is noticed and replaced, and what it kept back arrives", async () => {
  const { reflector, changes } = followHere({ idleMs: 1_500 });
  await reflector.whenSynced(AbortSignal.timeout(patienceMs));
  await until(() => reflector.lagMs() === 0);
  proxy.silence();
  await create("kept-back");
  const tookMs = await until(() => changes.length === 1);
  assert.ok(tookMs > 200, `${tookMs} ms: the silence did not hold it back`);
});

test("a frozen API server, then one that goes on: the caches follow", async () => {
  const { reflector, changes } = followHere({ idleMs: 1_000 });
  await reflector.whenSynced(AbortSignal.timeout(patienceMs));
  plane.pauseApiServer();
  await until(() => reflector.lagMs() > 1_500);
  plane.resumeApiServer();
  await create("after-thaw");
  await until(() => changes.length === 1);
});

test("a short watch ends by itself, and with a bookmark when only others' objects changed", async () => {
  // What the reflector's sign of life rests on; that nothing changed brings no bookmark is why it rests on the end.
  const [busy, quiet] = [await watchWhile(createUnselected), await watchWhile(() => Promise.resolve())];
  assert.deepEqual(busy, { types: ["BOOKMARK"], moved: true });
  assert.deepEqual(quiet, { types: [], moved: false });
});

test("410 after a crash of the API server: lists again; made again under its name is removed, then added", async () => {
  const first = await create("twice");
  const gone = await create("gone");
  const { reflector, changes } = followHere();
  await reflector.whenSynced(AbortSignal.timeout(patienceMs));
  await until(() => reflector.lagMs() === 0);

  await delay(600); // one that is told 410 straight after its list has reason to wait
  // While no watch comes through, the past is rewritten. A new API server does not know the past before its start.
  proxy.fault = (_method, url) => (isWatch(url) ? { kind: "reset" } : undefined);
  proxy.cut();
  await remove("twice");
  await remove("gone");
  const second = await create("twice");
  await plane.restartApiServer("kill");
  assert.equal(changes.length, 2);
  proxy.seen.length = 0;
  proxy.fault = () => undefined;
  await until(() => changes.length === 5);
  assert.deepEqual(
    changes
      .slice(2)
      .map((change) => `${change.kind} ${(change.kind === "added" ? change.now : change.before).metadata.uid}`),
    [`removed ${gone.metadata.uid}`, `removed ${first.metadata.uid}`, `added ${second.metadata.uid}`],
  );
  assert.equal(reflector.identity(namespace, `${label}-twice`)?.uid, second.metadata.uid);
  assert.ok(
    proxy.seen.some(({ url }) => !isWatch(url)),
    "it listed again",
  );
  await create("afterwards");
  await until(() => changes.length === 6);
});

test("made again under its name while the watch looks on: removed, then added", async () => {
  await create("twice");
  const { reflector, changes } = followHere();
  await reflector.whenSynced(AbortSignal.timeout(patienceMs));
  await remove("twice");
  await create("twice");
  await until(() => changes.length === 3);
  assert.deepEqual(
    changes.map(({ kind }) => kind),
    ["added", "removed", "added"],
  );
});

test("a big collection comes in pages of one version; a page that is refused as expired begins the list anew", async () => {
  const total = 2 * pageSize + 80;
  const names = Array.from({ length: total }, (_, index) => `big-${index}`);
  await Promise.all(names.map((name) => create(name)));
  let expired = 0;
  proxy.fault = (_method, url) => {
    if (!url.includes("continue=") || expired > 0) return undefined;
    expired += 1;
    return { kind: "answer", status: 410, body: { kind: "Status", code: 410, reason: "Expired", message: "too old" } };
  };
  const { reflector, changes } = followHere();
  await reflector.whenSynced(AbortSignal.timeout(patienceMs));
  assert.equal(reflector.size(), total);
  assert.equal(changes.length, total, "each is added once, though the first page came twice");
  const lists = proxy.seen.filter(({ url }) => !isWatch(url));
  assert.deepEqual(
    lists.map(({ url, status }) => [url.includes(`limit=${pageSize}`), url.includes("continue="), status]),
    [
      [true, false, 200],
      [true, true, 410],
      [true, false, 200],
      [true, true, 200],
      [true, true, 200],
    ],
  );
  await create("one-more");
  await until(() => reflector.size() === total + 1);

  const listed = await proxied.client.list(configMaps, { namespace, labelSelector: `scenario=${label}` });
  assert.equal(listed.items.length, total + 1);
  assert.ok(listed.items.every(({ kind, apiVersion }) => kind === "ConfigMap" && apiVersion === "v1"));
});

test("refused lists and watches are tried again, as late as the server asked for", async () => {
  await create("a");
  const busy = { kind: "answer", status: 429, headers: { "retry-after": "1" } } as const;
  proxy.fault = () => busy;
  const { reflector, changes } = followHere();
  await until(() => proxy.seen.length >= 3);
  proxy.fault = (_method, url) => (isWatch(url) ? busy : undefined);
  await reflector.whenSynced(AbortSignal.timeout(patienceMs));
  await until(() => proxy.seen.filter(({ url }) => isWatch(url)).length >= 2);
  proxy.fault = () => undefined;
  await create("b");
  await until(() => changes.length === 2);
  for (const [index, { at }] of proxy.seen.entries()) {
    const previous = proxy.seen[index - 1];
    if (previous?.status === 429) assert.ok(at - previous.at >= 990, `${at - previous.at} ms`);
  }
});

test("a stop while it reconnects opens no watch afterwards and leaves no connection", async () => {
  const own = connectPlainly(proxy.url);
  const { reflector } = follow(own.transport, own.metrics, `scenario=${label}`);
  await reflector.whenSynced(AbortSignal.timeout(patienceMs));
  await until(() => reflector.lagMs() === 0);
  proxy.fault = (_method, url) => (isWatch(url) ? { kind: "reset" } : undefined);
  proxy.cut();
  await until(() => proxy.seen.filter(({ status }) => status === 0).length >= 2);
  await stopFollowing();
  const seen = proxy.seen.length;
  proxy.fault = () => undefined;
  await delay(500); // far longer than the pause that it was in
  assert.equal(proxy.seen.length, seen);
  await own.transport.close();
  await proxied.transport.request({ method: "GET", path: "/version" }); // the proxy lives; only our sockets are gone
  await until(() => proxy.openConnections() <= 1);
});

function createUnselected(): Promise<unknown> {
  return direct.client.create(configMaps, configMap(`${label}-unselected`, {}), { fieldManager });
}

/** What a watch of four seconds brings while the change is made, and whether it ends at a newer version. */
async function watchWhile(
  change: () => Promise<unknown>,
): Promise<{ readonly types: string[]; readonly moved: boolean }> {
  const list = await direct.client.list(configMaps, { namespace, labelSelector: `scenario=${label}` });
  const query = {
    watch: true,
    allowWatchBookmarks: true,
    resourceVersion: list.resourceVersion,
    timeoutSeconds: 4,
    labelSelector: `scenario=${label}`,
  };
  const path = pathOf(configMaps, namespace);
  const opened = Promise.withResolvers<void>();
  const watch = direct.transport.watch(
    { path, query, idleMs: 10_000, signal: new AbortController().signal },
    opened.resolve,
  );
  const events: WatchEvent[] = [];
  const reading = (async () => {
    for await (const event of watch) events.push(event);
  })();
  await opened.promise;
  await change();
  await reading;
  const last = events.at(-1)?.object as KubeObject | undefined;
  return {
    types: [...new Set(events.map(({ type }) => type))],
    moved: BigInt(last?.metadata.resourceVersion ?? 0) > BigInt(list.resourceVersion),
  };
}
