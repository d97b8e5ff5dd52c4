import assert from "node:assert/strict";
import { test } from "node:test";
import type { Engine, RunOutcome } from "./run.ts";
import type { Signature } from "../tensor.ts";
import { isProblem } from "../errors.ts";
import { noWarmUp, warmUp } from "./warm-up.ts";

const signature: Signature = {
  inputs: [
    { name: "x", datatype: "FP32", shape: [-1, 3, -1], dimensionNames: ["batch", "", "length"] },
    { name: "mask", datatype: "BOOL", shape: [-1, -1], dimensionNames: ["batch", "length"] },
    { name: "k", datatype: "FP32", shape: [1], isOptional: true },
  ],
  outputs: [{ name: "y", datatype: "FP32", shape: [-1] }],
};

/** Takes runs by what `answer` says of their shapes, and notes these. */
function engineWith(answer: (shapes: Readonly<Record<string, readonly number[]>>) => RunOutcome): {
  readonly engine: Engine;
  readonly seen: Readonly<Record<string, readonly number[]>>[];
} {
  const seen: Record<string, readonly number[]>[] = [];
  const engine: Engine = {
    load: () => Promise.reject(new Error("it is loaded")),
    run(request) {
      const decoded = request.decode();
      assert.ok(!isProblem(decoded));
      const shapes = Object.fromEntries(decoded.inputs.map(({ name, shape }) => [name, shape]));
      seen.push(shapes);
      return Promise.resolve(answer(shapes));
    },
    queued: () => 0,
    usable: () => 1,
    runs: () => seen.length,
    close: () => Promise.resolve(true),
  };
  return { engine, seen };
}

const done = (runSeconds: number): RunOutcome => ({ kind: "done", outputs: [], queueSeconds: 0, runSeconds });
const smallest = { x: [1, 3, 1], mask: [1, 1] };

test("zeros of the smallest shapes, twice, without what may be left out", async () => {
  const { engine, seen } = engineWith(() => done(0.25));
  const { shapes, refusal, runSeconds } = await warmUp(engine, signature);
  assert.deepEqual(seen, [smallest, smallest]);
  assert.deepEqual([Object.fromEntries(shapes), refusal, runSeconds], [smallest, undefined, 0.25]);
});

test("a run that is long is not made a second time", async () => {
  const { engine, seen } = engineWith(() => done(1));
  assert.equal((await warmUp(engine, signature)).runSeconds, 1);
  assert.equal(seen.length, 1);
});

test("larger ones where the model refuses small ones, with one size for each name", async () => {
  const { engine, seen } = engineWith(({ x }) =>
    x?.[2] === 224 ? done(0.1) : { kind: "refused", message: `not ${x?.join()}`, isOutOfMemory: false },
  );
  const { shapes, refusal } = await warmUp(engine, signature);
  assert.deepEqual(Object.fromEntries(shapes), { x: [1, 3, 224], mask: [1, 224] });
  assert.equal(refusal, undefined);
  assert.equal(seen.length, 4);
});

test("short runs are read four times, and the shortest counts: what else the machine does makes a run longer", async () => {
  const times = [0.05, 0.004, 0.03, 0.006];
  const { engine, seen } = engineWith(() => done(times[seen.length - 1] ?? 0));
  assert.equal((await warmUp(engine, signature)).runSeconds, 0.004);
  assert.equal(seen.length, 4);
});

test("when nothing runs, the first refusal is told", async () => {
  const { engine } = engineWith(({ x }) => ({ kind: "refused", message: `not ${x?.join()}`, isOutOfMemory: false }));
  const { shapes, refusal, runSeconds } = await warmUp(engine, signature);
  assert.deepEqual([Object.fromEntries(shapes), refusal, runSeconds], [smallest, "not 1,3,1", undefined]);
});

test("what is not run has the smallest shapes for examples", () => {
  const { shapes, refusal, runSeconds } = noWarmUp(signature, "because");
  assert.deepEqual([Object.fromEntries(shapes), refusal, runSeconds], [smallest, "because", undefined]);
});
