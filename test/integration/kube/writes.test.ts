import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { createClient } from "../../../operator/kube/transport/client.ts";
import { systemClock } from "../../../operator/kube/clock.ts";
import { type Controller, createController } from "../../../operator/kube/control/controller.ts";
import { inClusterAccess, kubeconfigAccess } from "../../../operator/kube/transport/credentials.ts";
import {
  ApiError,
  LostLeaseError,
  TransportError,
  classify,
  isAlreadyExists,
  isConflict,
  isNotFound,
} from "../../../operator/kube/transport/errors.ts";
import { createMetrics } from "../../../operator/kube/metrics.ts";
import { createQueue } from "../../../operator/kube/control/queue.ts";
import { createStaleness, staleRequeueMs } from "../../../operator/kube/watch/staleness.ts";
import { type ControlPlane, startControlPlane } from "../../cluster/control-plane.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import {
  type ConfigMap,
  configMap,
  configMaps,
  connect,
  connectPlainly,
  connectTo,
  fieldManager,
  follow,
  namespace,
  patienceMs,
  quietLog,
  stopFollowing,
  until,
} from "./runtime.ts";

let plane: ControlPlane;
let proxy: FaultProxy;
let direct: ReturnType<typeof connect>;
let proxied: ReturnType<typeof connectPlainly>;
let controller: Controller | undefined;
let scenario = 0;
let label = "";

before(async () => {
  plane = await startControlPlane({ name: "kube-writes" });
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
beforeEach(() => {
  scenario += 1;
  label = `w${scenario}`;
  proxy.seen.length = 0;
  proxy.fault = () => undefined;
});
afterEach(async () => {
  proxy.fault = () => undefined;
  await controller?.stop();
  controller = undefined;
  await stopFollowing();
});

const manifest = (name: string, data: Record<string, string> = {}) =>
  configMap(`${label}-${name}`, { scenario: label }, data);
const read = (name: string): Promise<ConfigMap> => direct.client.get(configMaps, namespace, `${label}-${name}`);
const apply = (
  client: typeof direct.client,
  name: string,
  data: Record<string, string>,
  manager = fieldManager,
  force = false,
) =>
  client.patch<ConfigMap>(configMaps, namespace, `${label}-${name}`, manifest(name, data), {
    type: "apply",
    fieldManager: manager,
    force,
  });
/** The fault for the first request of a method, none after it. */
const once = (method: string, fault: Fault) => {
  let left = 1;
  proxy.fault = (asked) => (asked === method && left-- > 0 ? fault : undefined);
};

test("apply: the answer is lost after it was done; sent again, done once, and the caller knows nothing of it", async () => {
  for (const kind of ["done-then-reset", "reset"] as const) {
    once("PATCH", { kind });
    const applied = await apply(proxied.client, kind, { a: "1" });
    assert.equal(applied.data?.["a"], "1");
    assert.equal((await read(kind)).metadata.resourceVersion, applied.metadata.resourceVersion);
  }
  assert.equal(proxy.seen.filter(({ method }) => method === "PATCH").length, 4);
});

test("create: the answer is lost after it was done; the caller is told, and finds it when it tries again", async () => {
  once("POST", { kind: "done-then-reset" });
  await assert.rejects(proxied.client.create(configMaps, manifest("a"), { fieldManager }), TransportError);
  await assert.rejects(proxied.client.create(configMaps, manifest("a"), { fieldManager }), isAlreadyExists);
});

test("remove: the answer is lost after it was done; sent again it finds nothing, which is success", async () => {
  const { metadata } = await apply(direct.client, "a", {});
  once("DELETE", { kind: "done-then-reset" });
  await proxied.client.remove(configMaps, namespace, metadata.name, { uid: metadata.uid });
  assert.equal(proxy.seen.filter(({ method }) => method === "DELETE").length, 2);
  await assert.rejects(read("a"), isNotFound);
});

test("remove takes only the incarnation that was meant", async () => {
  const first = await apply(direct.client, "a", {});
  await direct.client.remove(configMaps, namespace, first.metadata.name, { uid: first.metadata.uid });
  const second = await apply(direct.client, "a", {});
  await assert.rejects(
    direct.client.remove(configMaps, namespace, first.metadata.name, { uid: first.metadata.uid }),
    isConflict,
  );
  assert.equal((await read("a")).metadata.uid, second.metadata.uid);
});

test("two writers of one field: the second is refused by name, or takes over by force; other fields stay", async () => {
  await apply(direct.client, "a", { shared: "1", mine: "1" });
  await assert.rejects(apply(direct.client, "a", { shared: "2" }, "rival"), (error) => {
    assert.ok(isConflict(error) && error instanceof ApiError);
    assert.match(error.message, /conflict with "test"/);
    assert.deepEqual(
      error.causes.map(({ field }) => field),
      [".data.shared"],
    );
    assert.equal(classify(error).kind, "retry");
    return true;
  });
  const forced = await apply(direct.client, "a", { shared: "2" }, "rival", true);
  assert.deepEqual(forced.data, { shared: "2", mine: "1" });
});

test("two writers of one version: the later is refused, reads again, and both changes are there", async () => {
  const stale = await apply(direct.client, "a", { counter: "0" });
  const increase = async (client: typeof direct.client, from: ConfigMap): Promise<void> => {
    for (let object = from; ; object = await read("a")) {
      const { name, resourceVersion } = object.metadata;
      const data = { counter: String(Number(object.data?.["counter"]) + 1) };
      try {
        await client.patch(
          configMaps,
          namespace,
          name,
          { metadata: { resourceVersion }, data },
          { type: "merge", fieldManager },
        );
        return;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, () => increase(direct.client, stale)));
  assert.equal((await read("a")).data?.["counter"], "8");
});

test("what the server refuses is told in its words and never tried again by itself", async () => {
  const refused = apply(proxied.client, "Not A Name", {});
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof ApiError && error.status === 422 && error.reason === "Invalid", String(error));
    assert.match(error.message, /metadata\.name/);
    assert.equal(classify(error).kind, "stall");
    return true;
  });
  assert.equal(proxy.seen.length, 1);
});

test("without the right to write nothing is sent", async () => {
  const client = createClient(proxied.transport, { mayWrite: () => false });
  const uid = "11111111-1111-1111-1111-111111111111";
  await assert.rejects(client.create(configMaps, manifest("a"), { fieldManager }), LostLeaseError);
  await assert.rejects(apply(client, "a", {}), LostLeaseError);
  await assert.rejects(client.remove(configMaps, namespace, "a", { uid }), LostLeaseError);
  assert.deepEqual(proxy.seen, []);
  await client.list(configMaps, { namespace });
  assert.equal(proxy.seen.length, 1);
});

test("a storm of 429: at most one try a second and key, everything is done soon after it ends", async () => {
  const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
  const metrics = createMetrics();
  const queue = createQueue({ clock: systemClock, random: Math.random, metrics: metrics.queue("q") });
  const finished = new Set<string>();
  controller = createController({
    name: "c",
    queue,
    caches: [],
    workers: keys.length,
    reconcile: async (key) => {
      await apply(proxied.client, key, { done: "yes" });
      finished.add(key);
      return { kind: "done" };
    },
    clock: systemClock,
    log: quietLog,
    metrics,
  });
  const triesOf = (key: string) => proxy.seen.filter(({ url }) => url.includes(`/${label}-${key}?`));
  proxy.fault = () => ({ kind: "answer", status: 429, headers: { "retry-after": "1" } });
  for (const key of keys) queue.add(key, "user");
  controller.start();
  // Three each: none gives up.
  await until(() => keys.every((key) => triesOf(key).length >= 3));
  const during = new Map(keys.map((key) => [key, triesOf(key).map(({ at }) => at)]));
  proxy.fault = () => undefined;
  await until(() => finished.size === keys.length);
  for (const [key, tries] of during) {
    for (const [index, at] of tries.entries()) {
      const previous = tries[index - 1];
      assert.ok(previous === undefined || at - previous >= 990, `${key}: ${at - (previous ?? 0)} ms between two tries`);
    }
  }
});

test("its own writes are seen before the next decision: a lagging cache makes no second child", async () => {
  const children = 3;
  const metrics = createMetrics();
  const queue = createQueue({ clock: systemClock, random: Math.random, metrics: metrics.queue("q") });
  const { reflector, changes } = follow(proxied.transport, metrics, `scenario=${label}`, { idleMs: 1_000 });
  const staleness = createStaleness([reflector], { clock: systemClock, log: quietLog });
  let waits = 0;
  let created = 0;
  controller = createController({
    name: "c",
    queue,
    caches: [reflector],
    reconcile: async (key) => {
      if (staleness.unseen(key).length > 0) {
        waits += 1;
        return { kind: "after", ms: staleRequeueMs };
      }
      // Names differ each time, as with generateName: only the cache can tell that there are enough.
      for (let missing = children - reflector.size(); missing > 0; missing--) {
        created += 1;
        const child = await direct.client.create(configMaps, manifest(`child-${created}`), { fieldManager });
        staleness.wrote(key, configMaps, child);
      }
      return { kind: "done" };
    },
    clock: systemClock,
    log: quietLog,
    metrics,
  });
  await reflector.whenSynced(AbortSignal.timeout(patienceMs));
  await until(() => reflector.lagMs() === 0);
  proxy.silence();
  controller.start();
  queue.add("owner");
  await until(() => created === children);
  queue.add("owner", "user"); // a change of the owner, while the children are not in the cache yet
  await until(() => changes.length === children);
  await until(() => queue.depth() === 0);
  assert.ok(waits >= 3, `${waits} waits`);
  assert.equal(created, children);

  const owned = reflector.list()[0]?.metadata;
  assert.ok(owned !== undefined);
  await direct.client.remove(configMaps, namespace, owned.name, { uid: owned.uid });
  staleness.removed("owner", configMaps, namespace, owned.name, owned.uid);
  await until(() => staleness.unseen("owner").length === 0);
  assert.equal(reflector.size(), children - 1);
});

test("every way to prove who we are is accepted by the real server", async () => {
  const directory = await mkdtemp(join(tmpdir(), "service-account-"));
  try {
    await writeFile(join(directory, "token"), plane.token);
    await writeFile(join(directory, "ca.crt"), plane.caPem);
    await writeFile(join(directory, "namespace"), "default");
    const { hostname, port } = new URL(plane.server);
    const environment = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    const ways = [
      await inClusterAccess(environment, systemClock, directory),
      await kubeconfigAccess({ file: plane.adminKubeconfigPath, clock: systemClock }),
    ];
    for (const access of ways) {
      assert.ok(access !== undefined);
      const { transport } = connectTo(access.server, access.credentials);
      const { status } = await transport.request<{ status: { userInfo: { username: string } } }>({
        method: "POST",
        path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      });
      assert.ok(!status.userInfo.username.includes("anonymous"), status.userInfo.username);
      await transport.close();
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("a server whose certificate is not signed by the CA is not spoken to", async () => {
  const tls = {};
  const credentials = { authorization: () => Promise.resolve("Bearer secret"), tls: () => Promise.resolve(tls) };
  const { transport } = connectTo(plane.server, credentials);
  await assert.rejects(
    transport.request({ method: "GET", path: "/version" }),
    (error) => error instanceof TransportError && /CERT|SIGNATURE/.test(error.code),
  );
  await transport.close();
});
