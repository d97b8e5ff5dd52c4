import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { noWatch } from "../engine/run-watch.ts";
import type { Provider } from "../contract.ts";
import type { Engine } from "../engine/run.ts";
import { loadModel } from "./load-model.ts";
import type { StartShard } from "./messages.ts";
import type { ShardEdge } from "./run-shard.ts";

const noKernel = "CUDA failure 209: no kernel image is available for execution on the device";

/** What is asked of the engines that are made, one for each load. */
interface Told {
  readonly tried: (readonly Provider[])[];
  closed: number;
  /** Warm-ups that the supervisor believes to run. */
  warming: number;
}

/** An engine that takes the model on the first of its providers, and cannot run it on a GPU. */
function engineOn(providers: readonly Provider[], told: Told): Engine {
  const [provider = "cpu"] = providers;
  told.tried.push(providers);
  return {
    load: async () => ({
      ok: true,
      signature: { inputs: [{ name: "x", datatype: "FP32", shape: [-1] }], outputs: [] },
      skippedOutputs: [],
      provider,
      refusedProviders: [],
    }),
    run: async () =>
      provider === "cpu"
        ? { kind: "done", outputs: [], queueSeconds: 0, runSeconds: 0 }
        : { kind: "refused", message: noKernel, isOutOfMemory: false },
    queued: () => 0,
    usable: () => 1,
    runs: () => 0,
    async close() {
      told.closed += 1;
      return true;
    },
  };
}

async function load(
  providers: readonly Provider[],
): Promise<{ load: Awaited<ReturnType<typeof loadModel>>; told: Told }> {
  const told: Told = { tried: [], closed: 0, warming: 0 };
  const start = { place: "inPlace", config: { providers, batchLimit: 1 } } as unknown as StartShard;
  const send: ShardEdge["send"] = (message) => {
    if (message.kind === "warming") told.warming += message.isOver ? -1 : 1;
  };
  const edge = { now: () => 0, memoryBytes: () => 0, send } as unknown as ShardEdge;
  const isAlone = (): boolean => false;
  const made = await loadModel(start, edge, noWatch, pino({ level: "silent" }), isAlone, (_place, { config }) =>
    engineOn(config.providers, told),
  );
  return { load: made, told };
}

test("a GPU that cannot run the model gives way to what stands behind it, and both are told", async () => {
  const { load: loaded, told } = await load(["tensorrt", "cuda", "cpu"]);
  assert.ok(loaded.ok);
  assert.equal(loaded.model.provider, "cpu");
  assert.deepEqual(
    loaded.model.refusedProviders.map(({ provider }) => provider),
    ["tensorrt", "cuda"],
  );
  assert.match(loaded.model.refusedProviders[1]?.message ?? "", /\(CUDA error 209\)/);
  assert.deepEqual(told, { tried: [["tensorrt", "cuda", "cpu"], ["cuda", "cpu"], ["cpu"]], closed: 2, warming: 0 });
});

test("with nothing behind it the load fails, and says why", async () => {
  const { load: loaded, told } = await load(["cuda"]);
  assert.ok(!loaded.ok);
  assert.equal(loaded.reason, "ProviderUnavailable");
  assert.match(loaded.message, /no kernel image is available/);
  assert.deepEqual([told.closed, told.warming], [1, 0]);
});
