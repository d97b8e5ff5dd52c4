import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { environment } from "../../server/contract.ts";
import { metricOf } from "./ask.ts";
import { type Bench, startBench } from "./bench.ts";
import { clients, underLoad } from "./load.ts";
import { model, pushVersions } from "./models.ts";
import { addressOf, followPods, isReady, type Pod, type PodHistory, terminationOf } from "./pods.ts";
import { eventually, reached } from "./wait.ts";

/** Instead of 300 s; the server varies it by 10 % from connection to connection. */
const shortAgeSeconds = 4;
const longestAgeMs = shortAgeSeconds * 1.1 * 1000;
/** Each connection sends ten requests a second, the client tells its figures once a second, and the machine is busy. */
const answerMs = 2_500;
/** Eight connections miss one of three pods in 12 of 100 dealings, and in one of 20 million when dealt anew so often. */
const dealings = 8;
/**
 * Most requests find a connection open, many open a new one: both may meet a pod that is about to go. A server that
 * stopped accepting at once was seen to fail here.
 */
const fleetingAgeSeconds = 0.1;
const calmMs = 500;

let bench: Bench;
let pods: PodHistory;

before(async () => {
  bench = await startBench("e2e-scaling");
  pods = await followPods(bench);
});

after(async () => {
  await pods.stop();
  await bench.stop();
});

async function deploy(
  name: string,
  { connectionAgeSeconds, replicas }: { readonly connectionAgeSeconds: number; readonly replicas: number },
): Promise<void> {
  const env = [{ name: environment.connectionMaximumAge, value: String(connectionAgeSeconds) }];
  await bench.apply(model(name, await pushVersions(bench, name), { replicas, server: { env } }));
  await reached(bench, name, "v1");
}

test("from one pod to three: clients with kept connections spread within the connections' age", async (t) => {
  const name = "elastic";
  await deploy(name, { connectionAgeSeconds: shortAgeSeconds, replicas: 1 });
  await underLoad(bench, name, async (progress) => {
    await bench.kubectl("scale", "md", name, "--replicas=3");
    await reached(bench, name, "v1");
    const all = await bench.pods(name);
    assert.equal(all.length, 3);
    const opened = progress()?.connectionsOpened ?? 0;
    await delay(longestAgeMs + answerMs);
    const anew = (progress()?.connectionsOpened ?? 0) - opened;
    assert.ok(anew >= clients, `${anew} connections were opened anew within the age`);
    const early = await answersOf(all);
    t.diagnostic(`answers by pod within the age: ${early.join(", ")}`);
    await eventually(
      "every pod answers",
      async () => {
        const now = await answersOf(all);
        assert.ok(
          now.every((answers, index) => answers > (early[index] ?? 0)),
          `answers by pod: ${now.join(", ")}`,
        );
      },
      dealings * longestAgeMs,
    );
  });
});

function answersOf(all: readonly Pod[]): Promise<number[]> {
  return Promise.all(all.map((pod) => metricOf(bench, addressOf(pod), "slipway_inference_duration_seconds_count")));
}

test("pods that are deleted or scaled away lose no request and end with exit code 0", async (t) => {
  const name = "mortal";
  await deploy(name, { connectionAgeSeconds: fleetingAgeSeconds, replicas: 3 });
  const load = await underLoad(
    bench,
    name,
    async () => {
      await delay(calmMs);
      for (const victim of await bench.pods(name)) {
        await bench.kubectl("delete", "pod", victim.metadata.name, "--wait=false");
        await eventually(`another pod takes the place of ${victim.metadata.name}`, async () => {
          const now = await bench.pods(name);
          assert.ok(now.every(({ metadata }) => metadata.uid !== victim.metadata.uid));
          assert.deepEqual(now.map(isReady), [true, true, true]);
        });
      }
      await bench.kubectl("scale", "md", name, "--replicas=1");
      await eventually("one of six is left", async () => {
        assert.equal(pods.of(name).length, 6);
        assert.equal(ended(name).length, 5);
      });
      await delay(calmMs);
    },
    { ratePerSecond: 200 },
  );
  t.diagnostic(`${load.requests} requests, ${load.connectionsOpened} connections`);
  assert.deepEqual(
    ended(name).map((pod) => terminationOf(pod, "server")?.exitCode),
    [0, 0, 0, 0, 0],
  );
});

/** Pods on their way out whose server has ended; the kubelet tells so before it lets go of the pod. */
function ended(name: string): readonly Pod[] {
  return pods
    .of(name)
    .filter((pod) => pod.metadata.deletionTimestamp !== undefined && terminationOf(pod, "server") !== undefined);
}
