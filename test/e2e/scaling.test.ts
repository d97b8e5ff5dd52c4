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

const name = "elastic";
/** Instead of 300 s; the server varies it by 10 % from connection to connection. */
const connectionAgeSeconds = 4;
const longestAgeMs = connectionAgeSeconds * 1.1 * 1000;
/** Each connection sends ten requests a second, the client tells its figures once a second, and the machine is busy. */
const answerMs = 2_500;
/** Eight connections miss one of three pods in 12 of 100 dealings, and in one of 20 million when dealt anew so often. */
const dealings = 8;

let bench: Bench;
let pods: PodHistory;

before(async () => {
  bench = await startBench("e2e-scaling");
  pods = await followPods(bench);
  const env = [{ name: environment.connectionMaximumAge, value: String(connectionAgeSeconds) }];
  await bench.apply(model(name, await pushVersions(bench, name), { server: { env } }));
  await reached(bench, name, "v1");
});

after(async () => {
  await pods.stop();
  await bench.stop();
});

test("from one pod to three: clients with kept connections spread within the connections' age", async (t) => {
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

test("a pod that is deleted, and two that are scaled away, lose no request and end with exit code 0", async (t) => {
  await bench.kubectl("scale", "md", name, "--replicas=3");
  await reached(bench, name, "v1");
  const first = new Set((await bench.pods(name)).map(({ metadata }) => metadata.uid));
  const load = await underLoad(bench, name, async () => {
    await delay(500);
    const [victim] = await bench.pods(name);
    await bench.kubectl("delete", "pod", victim?.metadata.name ?? "", "--wait=false");
    await eventually("another pod takes its place", async () => {
      const now = await bench.pods(name);
      assert.ok(now.every(({ metadata }) => metadata.uid !== victim?.metadata.uid));
      assert.deepEqual(now.map(isReady), [true, true, true]);
    });
    await bench.kubectl("scale", "md", name, "--replicas=1");
    await reached(bench, name, "v1");
    await eventually("all that had to go are gone", async () => {
      assert.equal(ended().length, pods.of(name).length - 1);
    });
    await delay(500);
  });
  t.diagnostic(`${load.requests} requests, ${load.connectionsOpened} connections`);
  const gone = ended();
  assert.ok(gone.length >= 3);
  assert.ok(gone.some(({ metadata }) => first.has(metadata.uid)));
  assert.deepEqual(
    gone.map((pod) => terminationOf(pod, "server")?.exitCode),
    gone.map(() => 0),
  );
});

/** Pods on their way out whose server has ended; the kubelet tells so before it lets go of the pod. */
function ended(): readonly Pod[] {
  return pods
    .of(name)
    .filter((pod) => pod.metadata.deletionTimestamp !== undefined && terminationOf(pod, "server") !== undefined);
}
