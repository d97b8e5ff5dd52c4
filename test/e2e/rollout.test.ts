import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { kinds } from "../../operator/api/kinds.ts";
import { labels } from "../../operator/api/names.ts";
import type { KubeObject } from "../../operator/kube/transport/resources.ts";
import type { LoadSummary } from "../load/tally.ts";
import { annotations } from "../../server/contract.ts";
import { metricOf } from "./ask.ts";
import { type Bench, startBench } from "./bench.ts";
import { underLoad } from "./load.ts";
import { model, pushVersions } from "./models.ts";
import { addressOf, isReady, type Pod, uids, versionOf } from "./pods.ts";
import { eventually, reached } from "./wait.ts";

/** How long the client goes on undisturbed before and after a change. */
const calmMs = 1_000;
let bench: Bench;

before(async () => {
  bench = await startBench("e2e-rollout");
});

after(() => bench.stop());

test("forward beside the old version and back by a flip: no request fails, and old pods let their clients go", async (t) => {
  const name = "flip";
  await bench.apply(model(name, await pushVersions(bench, name), { replicas: 2 }));
  await reached(bench, name, "v1");
  const first = uids(await bench.pods(name));
  let editedMs = 0;
  const load = await underLoad(bench, name, async () => {
    await delay(calmMs);
    await bench.patchModel(name, { version: "v2" });
    await reached(bench, name, "v2");
    const old = await podsOf(name, "v1");
    assert.deepEqual(uids(old), first, "the old version stays warm");
    await letGo(old);
    for (const pod of await podsOf(name, "v1")) {
      assert.equal(pod.metadata.annotations?.[annotations.inService], "false");
      assert.equal(isReady(pod), true, "a pod out of service stays ready");
    }
    await delay(calmMs);

    const both = uids(await bench.pods(name));
    editedMs = Date.now();
    await bench.patchModel(name, { version: "v1" });
    await reached(bench, name, "v1");
    await letGo(await podsOf(name, "v2"));
    assert.deepEqual(uids(await bench.pods(name)), both, "going back to a warm version starts and ends no pod");
    for (const pod of await podsOf(name, "v1")) {
      assert.equal(pod.metadata.annotations?.[annotations.inService], undefined);
      await eventually(`${pod.metadata.name} is back in service`, async () => {
        assert.equal(await metricOf(bench, addressOf(pod), "slipway_in_service"), 1);
      });
    }
    await delay(calmMs);
  });
  assert.deepEqual(uids(await podsOf(name, "v1")), first);
  assert.deepEqual(Object.keys(load.byVersion).toSorted(), ["v1", "v2"]);
  assert.ok((load.byVersion["v1"]?.lastMs ?? 0) > (load.byVersion["v2"]?.lastMs ?? 0));
  t.diagnostic(`${load.requests} requests; going back took ${(load.byVersion["v2"]?.lastMs ?? 0) - editedMs} ms`);
});

/** Pods out of service: every client that kept a connection to them has been sent away, though they stay ready. */
async function letGo(pods: readonly Pod[]): Promise<void> {
  assert.ok(pods.length > 0);
  for (const pod of pods) {
    await eventually(`${pod.metadata.name} lets its clients go`, async () => {
      assert.equal(await metricOf(bench, addressOf(pod), "slipway_in_service"), 0);
      assert.equal(await metricOf(bench, addressOf(pod), "slipway_connections"), 0);
    });
  }
}

test("with one pod of surge both versions share the Service until the new one is complete", async (t) => {
  const rollout = { maxSurge: 1, maxUnavailable: 0, keepPreviousSeconds: 0 };
  await bench.apply(model("exchange", await pushVersions(bench, "exchange"), { replicas: 3, rollout }));
  await reached(bench, "exchange", "v1");
  const { load, selected, v1, v2 } = await forthAndBack("exchange", { podsBetween: 3 });
  t.diagnostic(`${load.requests} requests; the Service selected ${selected.join(", ")}`);
  assert.deepEqual(selected, [v1, "both", v2, "both", v1]);
});

test("going back to the one pod that surge lets stay warm is a flip, and the others follow", async (t) => {
  await bench.patchModel("exchange", { rollout: { keepPreviousSeconds: 300 } });
  const { load, selected, v1, v2 } = await forthAndBack("exchange", { podsBetween: 4 });
  t.diagnostic(`${load.requests} requests; the Service selected ${selected.join(", ")}`);
  assert.deepEqual(selected, [v1, "both", v2, v1]);
});

/** To v2 and, with so many pods of both, back to v1, under load; and what the Service selected meanwhile. */
async function forthAndBack(
  name: string,
  { podsBetween }: { readonly podsBetween: number },
): Promise<{
  readonly load: LoadSummary;
  readonly selected: readonly string[];
  readonly v1: string | undefined;
  readonly v2: string | undefined;
}> {
  const selector = followSelector(name);
  const revisions: (string | undefined)[] = [];
  const load = await underLoad(bench, name, async () => {
    await delay(calmMs);
    for (const version of ["v2", "v1"]) {
      await bench.patchModel(name, { version });
      revisions.push((await reached(bench, name, version)).status?.currentRevision);
      await eventually(`${podsBetween} pods`, async () => {
        assert.equal((await bench.pods(name)).length, podsBetween);
      });
      await delay(calmMs);
    }
  });
  assert.deepEqual(Object.keys(load.byVersion).toSorted(), ["v1", "v2"]);
  const [v2, v1] = revisions;
  return { load, selected: await selector.stop(), v1, v2 };
}

interface ServiceObject extends KubeObject {
  readonly spec: { readonly selector: Readonly<Record<string, string>> };
}

/** What the Service selects, change by change: a revision's hash, or `both` while its selector names none. */
function followSelector(name: string): { stop(): Promise<readonly string[]> } {
  const seen: string[] = [];
  const stopped = new AbortController();
  const look = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const { spec } = await bench.get<ServiceObject>(kinds.service, name);
      assert.equal(spec.selector[labels.model], name);
      const now = spec.selector[labels.revision] ?? "both";
      if (seen.at(-1) !== now) seen.push(now);
      await delay(50);
    }
  };
  const looking = look();
  return {
    stop: async () => {
      stopped.abort();
      await looking;
      return seen;
    },
  };
}

async function podsOf(name: string, version: string): Promise<readonly Pod[]> {
  return (await bench.pods(name)).filter((pod) => versionOf(pod) === version);
}
