import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { inferRequest } from "../../cli/predict/grpc/infer-message.ts";
import { completeFrame } from "../../server/grpc/wire/message-frame.ts";
import { ports } from "../../server/contract.ts";
import { nodeNames } from "../cluster/node/addresses.ts";
import { startLoad } from "../load/start.ts";
import type { LoadSummary } from "../load/tally.ts";
import { metricOf, reachable, serviceUrl } from "./ask.ts";
import { type Bench, startBench } from "./bench.ts";
import { clients } from "./load.ts";
import { model, pushVersions, question } from "./models.ts";
import { addressOf, type Pod, versionOf } from "./pods.ts";
import { eventually, reached } from "./wait.ts";

const name = "calls";
/** How long the clients go on undisturbed before and after a change. */
const calmMs = 1_000;
let bench: Bench;
let folder: string;

before(async () => {
  bench = await startBench("e2e-grpc");
  folder = await mkdtemp(join(tmpdir(), "slipway-e2e-"));
  await bench.apply(model(name, await pushVersions(bench, name), { replicas: 2 }));
  await reached(bench, name, "v1");
});

after(async () => {
  await bench.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs `work` while clients of gRPC call the model through its Service without a pause. */
async function underCalls(work: () => Promise<void>): Promise<LoadSummary> {
  const service = await serviceUrl(bench, name);
  await reachable(bench, service);
  const bodyFile = join(folder, "request");
  const inputs = question.inputs.map(({ data, ...input }) => ({
    ...input,
    datatype: "FP32" as const,
    data: Float32Array.from(data),
  }));
  const message = inferRequest(name, { inputs, outputs: undefined });
  completeFrame(message);
  await writeFile(bodyFile, Buffer.concat(message));
  const load = startLoad({
    url: `${service}:${ports.grpc}/`,
    bodyFile,
    contentType: "application/grpc",
    connections: clients,
    ratePerSecond: 80,
    prefix: ["nsenter", `--net=${nodeNames(bench.node.name).networkNamespaceFile}`],
  });
  let summary: LoadSummary;
  try {
    await work();
  } finally {
    summary = await load.stop();
  }
  assert.ok(summary.requests > 0, "the clients sent nothing");
  assert.equal(summary.failed, 0, `${JSON.stringify(summary.byError)}: ${JSON.stringify(summary.failures)}`);
  return summary;
}

async function podsOf(version: string): Promise<readonly Pod[]> {
  return (await bench.pods(name)).filter((pod) => versionOf(pod) === version);
}

/** Every client that kept a connection to these pods has been sent away, though they stay ready. */
async function letGo(pods: readonly Pod[]): Promise<void> {
  assert.ok(pods.length > 0);
  for (const pod of pods) {
    await eventually(`${pod.metadata.name} lets its clients go`, async () => {
      assert.equal(await metricOf(bench, addressOf(pod), "slipway_connections"), 0);
    });
  }
}

test("clients of gRPC follow a change of version and back by GOAWAY, and no call fails", async (t) => {
  const load = await underCalls(async () => {
    await delay(calmMs);
    await bench.patchModel(name, { version: "v2" });
    await reached(bench, name, "v2");
    await letGo(await podsOf("v1"));
    await delay(calmMs);
    await bench.patchModel(name, { version: "v1" });
    await reached(bench, name, "v1");
    await letGo(await podsOf("v2"));
    await delay(calmMs);
  });
  assert.deepEqual(Object.keys(load.byVersion).toSorted(), ["v1", "v2"]);
  assert.ok((load.byVersion["v1"]?.lastMs ?? 0) > (load.byVersion["v2"]?.lastMs ?? 0));
  // Each has been sent away twice, and asked on another connection.
  assert.ok(load.connectionsOpened >= 3 * clients, `${load.connectionsOpened} connections`);
  t.diagnostic(`${load.requests} calls on ${load.connectionsOpened} connections, longest gap ${load.longestGapMs} ms`);
});

test("pods that are scaled away or restarted cost no call", async (t) => {
  const load = await underCalls(async () => {
    await delay(calmMs);
    await bench.patchModel(name, { replicas: 1 });
    await eventually("one pod is left", async () => {
      assert.equal((await podsOf("v1")).length, 1);
    });
    await bench.patchModel(name, { replicas: 2, restartToken: "grpc" });
    await reached(bench, name, "v1");
    await delay(calmMs);
  });
  t.diagnostic(`${load.requests} calls on ${load.connectionsOpened} connections, longest gap ${load.longestGapMs} ms`);
});
