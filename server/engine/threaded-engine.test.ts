import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { problems } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import type { Engine, EngineFailure, RunRequest } from "./run.ts";
import { noWatch } from "./run-watch.ts";
import { createThreadedEngine, type ThreadedEngineOptions } from "./threaded-engine.ts";

/** A worker that needs no model: its first input's name says what to do. */
const script = `
import { parentPort, workerData } from "node:worker_threads";
if (workerData.modelPath === "dies") throw new Error("no memory");
if (workerData.modelPath === "bad") parentPort.postMessage({ kind: "loadFailed", reason: "NotAModel", message: "no model" });
else {
  parentPort.on("message", ({ inputs, outputs }) => {
    if (inputs[0].name === "throw") throw new Error("worker broke");
    if (inputs[0].name === "exit") process.exit(3);
    if (inputs[0].name === "refuse") return parentPort.postMessage({ kind: "refused", message: "no", isOutOfMemory: false });
    if (inputs[0].name === "hang") {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
      process.exit(0);
    }
    parentPort.postMessage({ kind: "done", outputs: inputs, seconds: 0.5 }, inputs.map(({ data }) => data.buffer));
  });
  parentPort.postMessage({ kind: "loaded", model: { ok: true, signature: { inputs: [], outputs: [] }, skippedOutputs: [], provider: "cpu", refusedProviders: [] } });
}`;

interface Started {
  readonly engine: Engine;
  readonly faults: string[];
  readonly failures: EngineFailure[];
}

function start(options: Partial<ThreadedEngineOptions> = {}): Started {
  const faults: string[] = [];
  const failures: EngineFailure[] = [];
  const engine = createThreadedEngine({
    script: new URL(`data:text/javascript,${encodeURIComponent(script)}`),
    modelPath: "good",
    workers: 1,
    intraOpThreads: 1,
    providers: ["cpu"],
    queueLimit: 10,
    queueSeconds: 10,
    runSeconds: 10,
    now: () => performance.now(),
    watch: noWatch,
    onFault: (message) => faults.push(message),
    onFatal: (failure) => failures.push(failure),
    ...options,
  });
  return { engine, faults, failures };
}

function request(...inputs: readonly Tensor[]): RunRequest {
  return { id: "1", decode: () => ({ inputs, outputs: ["y"] }), isAbandoned: () => false };
}

function run(engine: Engine, name: string): ReturnType<Engine["run"]> {
  const input: Tensor = { name, datatype: "FP32", shape: [2], data: Float32Array.of(1, 2) };
  return engine.run(request(input));
}

test("a run's tensors come back, and their bytes were handed over", async () => {
  const { engine } = start();
  assert.equal((await engine.load()).ok, true);
  const data = Float32Array.of(1, 2);
  const input: Tensor = { name: "x", datatype: "FP32", shape: [2], data };
  const outcome = await engine.run(request(input));
  assert.ok(outcome.kind === "done");
  assert.deepEqual(outcome.outputs, [{ name: "x", datatype: "FP32", shape: [2], data: Float32Array.of(1, 2) }]);
  assert.equal(outcome.runSeconds, 0.5);
  assert.equal(data.length, 0);
  assert.equal(await engine.close(), true);
});

test("a model that does not load is reported, as is a worker that dies on the way", async () => {
  for (const [modelPath, message] of [
    ["bad", /^no model$/],
    ["dies", /died: no memory/],
  ] as const) {
    const { engine, failures } = start({ modelPath, workers: 2 });
    const loaded = await engine.load();
    assert.ok(!loaded.ok);
    assert.match(loaded.message, message);
    assert.deepEqual(failures, []);
    await engine.close();
  }
});

describe("a worker that dies", () => {
  for (const [name, detail] of [
    ["throw", /worker broke/],
    ["exit", /code 3/],
  ] as const) {
    test(`by ${name}: its request is told, who waits is served by the one that replaces it`, async () => {
      const { engine, faults, failures } = start();
      await engine.load();
      const outcomes = await Promise.all([run(engine, name), run(engine, "x"), run(engine, "x")]);
      assert.deepEqual(
        outcomes.map(({ kind }) => kind),
        ["faulted", "done", "done"],
      );
      assert.equal(faults.length, 1);
      assert.match(faults[0] ?? "", detail);
      assert.deepEqual(failures, []);
      assert.equal(engine.usable(), 1);
      await engine.close();
    });
  }

  test("again and again ends the engine with a report", async () => {
    const { engine, faults, failures } = start();
    await engine.load();
    const kinds: string[] = [];
    for (let i = 0; i < 6; i++) kinds.push((await run(engine, "throw")).kind);
    assert.deepEqual(
      kinds,
      Array.from({ length: 6 }, () => "faulted"),
    );
    assert.equal(faults.length, 5);
    assert.deepEqual(
      failures.map(({ reason }) => reason),
      ["Crashed"],
    );
    assert.equal((await run(engine, "x")).kind, "closed");
    await engine.close();
  });

  test("now and then is no reason to give up", async () => {
    let time = 0;
    const { engine, failures } = start({ now: () => time });
    await engine.load();
    for (let i = 0; i < 12; i++) {
      time += 5 * 60 * 1000;
      assert.equal((await run(engine, "throw")).kind, "faulted");
    }
    assert.deepEqual(failures, []);
    await engine.close();
  });
});

test("a run beyond its deadline loses its worker, and the engine says so once", async () => {
  const { engine, failures } = start({ runSeconds: 0.1, workers: 2 });
  await engine.load();
  const outcomes = await Promise.all([run(engine, "hang"), run(engine, "hang"), run(engine, "x")]);
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ["stuck", "stuck", "closed"],
  );
  assert.deepEqual(
    failures.map(({ reason }) => reason),
    ["EngineStuck"],
  );
  assert.equal(engine.usable(), 0);
  assert.equal(await engine.close(), false, "a thread is lost");
});

test("a worker that is still loading is ended when it has loaded, as it cannot be before", async () => {
  const { engine } = start();
  const loading = engine.load();
  assert.equal(await engine.close(), false);
  assert.equal((await loading).ok, true);
  assert.equal((await run(engine, "x")).kind, "closed");
});

test("a refusal is no fault of the worker", async () => {
  const { engine, faults } = start();
  await engine.load();
  assert.deepEqual(await run(engine, "refuse"), { kind: "refused", message: "no", isOutOfMemory: false });
  assert.equal((await run(engine, "x")).kind, "done");
  assert.deepEqual(faults, []);
  await engine.close();
});

test("a run is noted from its begin to its end, and what is refused is not run", async () => {
  const told: string[] = [];
  const problem = problems.crashesEngine();
  const { engine } = start({
    watch: {
      judge: ({ inputs }) => (inputs[0]?.name === "bad" ? problem : { mark: 7, digest: undefined }),
      begin: (id, standings) => told.push(`${id}: ${standings.map(({ mark }) => mark).join(" ")}`),
      end: () => told.push("over"),
    },
  });
  await engine.load();
  assert.deepEqual(await run(engine, "bad"), { kind: "invalid", problem });
  assert.equal((await run(engine, "x")).kind, "done");
  assert.deepEqual(told, ["1: 7", "over"]);
  await engine.close();
});
