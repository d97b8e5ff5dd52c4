import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { systemClock, type Clock } from "../../../operator/kube/clock.ts";
import { createEventRecorder } from "../../../operator/kube/events.ts";
import type { Log } from "../../../operator/kube/log.ts";
import { createMetrics } from "../../../operator/kube/metrics.ts";
import type { KubeObject, Resource } from "../../../operator/kube/transport/resources.ts";
import { type ControlPlane, startControlPlane } from "../../cluster/control-plane.ts";
import { type ConfigMap, configMap, configMaps, connect, fieldManager, namespace, quietLog, until } from "./runtime.ts";

interface Event extends KubeObject {
  readonly note: string;
  readonly reason: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

const events: Resource = { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event" };

let plane: ControlPlane;
let direct: ReturnType<typeof connect>;

before(async () => {
  plane = await startControlPlane({ name: "kube-events" });
  direct = connect(plane);
});
after(async () => {
  await direct?.transport.close();
  await plane?.stop();
});

test("repeats become one Event with a count, which kubectl shows at its object", async () => {
  const owner = await direct.client.create<ConfigMap>(configMaps, configMap("owner", {}), { fieldManager });
  const subject = { apiVersion: "v1", kind: "ConfigMap", namespace, name: "owner", uid: owner.metadata.uid };
  // Ten seconds between two writes of a count are one here.
  const clock: Clock = { ...systemClock, setTimeout: (call, ms) => systemClock.setTimeout(call, ms / 10) };
  const complaints: string[] = [];
  const log: Log = {
    ...quietLog,
    warn: (fields, message) => void complaints.push(`${message}: ${JSON.stringify(fields)}`),
  };
  const recorder = createEventRecorder({
    client: direct.client,
    controller: "slipway.dev/operator",
    instance: "operator-0",
    clock,
    random: Math.random,
    log,
    metrics: createMetrics(),
  });
  for (let repeat = 0; repeat < 50; repeat++) {
    recorder.record(subject, {
      type: "Warning",
      reason: "DownloadFailed",
      message: "404 from the registry: check spec.versions[0].uri",
    });
  }
  recorder.record(subject, { type: "Normal", reason: "RolloutStarted", message: "€".repeat(2_000), action: "Rollout" });
  const list = async (): Promise<readonly Event[]> =>
    (await direct.client.list<Event>(events, { namespace })).items.filter(({ metadata }) =>
      metadata.name.startsWith("owner."),
    );
  await until(async () => {
    assert.deepEqual(complaints, []);
    return (await list()).some(({ series }) => series?.count === 50);
  });
  assert.deepEqual(complaints, []);

  for (let repeat = 0; repeat < 10; repeat++) {
    recorder.record(subject, {
      type: "Warning",
      reason: "DownloadFailed",
      message: "404 from the registry: check spec.versions[0].uri",
    });
  }
  await recorder.stop();
  const found = await list();
  assert.deepEqual(
    new Map(found.map(({ reason, series }) => [reason, series?.count])),
    new Map([
      ["DownloadFailed", 60],
      ["RolloutStarted", undefined],
    ]),
  );
  assert.equal(found.length, 2);
  assert.deepEqual(complaints, []);

  const { stdout } = await plane.kubectl(["describe", "configmap", "owner"]);
  assert.match(
    stdout,
    /Warning\s+DownloadFailed\s+\S+ \(x60 over \S+\)\s+slipway.dev\/operator\s+404 from the registry/,
  );
});

test("an object that is gone, and one in a namespace that is not there: logged, nothing thrown", async () => {
  const complaints: string[] = [];
  const log: Log = { ...quietLog, warn: (_fields, message) => void complaints.push(message) };
  const recorder = createEventRecorder({
    client: direct.client,
    controller: "slipway.dev/operator",
    instance: "operator-0",
    clock: systemClock,
    random: Math.random,
    log,
    metrics: createMetrics(),
  });
  const content = { type: "Normal", reason: "Gone", message: "m" } as const;
  recorder.record({ apiVersion: "v1", kind: "ConfigMap", namespace: "nowhere", name: "x", uid: "u" }, content);
  await recorder.stop();
  assert.equal(complaints.length, 1);
});
