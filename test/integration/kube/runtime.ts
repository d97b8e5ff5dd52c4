import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { type Client, createClient } from "../../../operator/kube/transport/client.ts";
import { systemClock } from "../../../operator/kube/clock.ts";
import type { Credentials } from "../../../operator/kube/transport/credentials.ts";
import type { Log } from "../../../operator/kube/log.ts";
import { type Metrics, createMetrics } from "../../../operator/kube/metrics.ts";
import { type Reflector, type ReflectorOptions, createReflector } from "../../../operator/kube/watch/reflector.ts";
import type { KubeObject, Resource } from "../../../operator/kube/transport/resources.ts";
import type { Change } from "../../../operator/kube/watch/store.ts";
import { type Transport, createTransport } from "../../../operator/kube/transport/transport.ts";
import type { ControlPlane } from "../../cluster/control-plane.ts";

export const configMaps: Resource = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap" };
export const namespace = "default";
export const fieldManager = "test";

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export function configMap(name: string, labels: Record<string, string>, data: Record<string, string> = {}) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels }, data };
}

/** Straight to the API server, beside any proxy. */
export function connect(plane: ControlPlane): { readonly transport: Transport; readonly client: Client } {
  const tls = { ca: plane.caPem };
  const credentials: Credentials = {
    authorization: () => Promise.resolve(`Bearer ${plane.token}`),
    tls: () => Promise.resolve(tls),
  };
  return connectTo(plane.server, credentials);
}

/** To a proxy, which knows the token itself. */
export function connectPlainly(url: string) {
  const tls = {};
  return connectTo(url, { authorization: () => Promise.resolve(undefined), tls: () => Promise.resolve(tls) });
}

export function connectTo(server: string, credentials: Credentials) {
  const metrics = createMetrics();
  const transport = createTransport({
    server,
    credentials,
    clock: systemClock,
    random: Math.random,
    metrics,
    userAgent: "slipway-test",
  });
  return { transport, metrics, client: createClient(transport, { mayWrite: () => true }) };
}

/** A transport that says so when one of its watches is open: from then on its user learns of changes as they happen. */
export function tellingWatches(transport: Transport, isOpen: () => void): Transport {
  const told = (opened: (() => void) | undefined) => () => {
    opened?.();
    isOpen();
  };
  return { ...transport, watch: (wanted, opened) => transport.watch(wanted, told(opened)) };
}

export const quietLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export interface Followed {
  readonly reflector: Reflector<ConfigMap>;
  /** Each change so far. */
  readonly changes: Change<ConfigMap>[];
}

const followed = new Set<Reflector<ConfigMap>>();

/** For afterEach: what a failed test left running must not disturb the next. */
export async function stopFollowing(): Promise<void> {
  await Promise.all(Array.from(followed, (reflector) => reflector.stop()));
  followed.clear();
}

export function follow(
  transport: Transport,
  metrics: Metrics,
  labelSelector: string,
  more: Partial<ReflectorOptions<ConfigMap, ConfigMap>> = {},
): Followed {
  const changes: Change<ConfigMap>[] = [];
  const reflector = createReflector<ConfigMap, ConfigMap>({
    transport,
    resource: configMaps,
    namespace,
    labelSelector,
    project: (raw) => raw,
    clock: systemClock,
    random: Math.random,
    log: quietLog,
    metrics,
    ...more,
    onChange: (change) => {
      changes.push(change);
      more.onChange?.(change);
    },
  });
  reflector.start();
  followed.add(reflector);
  return { reflector, changes };
}

/** Far longer than anything takes here, on a machine that others use too: what is promised is asserted by itself. */
export const patienceMs = 60_000;

/** Milliseconds until the condition holds; fails when it does not in the end. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<number> {
  const startedAt = performance.now();
  while (!(await condition())) {
    assert.ok(performance.now() - startedAt < patienceMs, `not within ${patienceMs} ms: ${condition.toString()}`);
    await delay(5);
  }
  return performance.now() - startedAt;
}
