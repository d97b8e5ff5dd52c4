import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { environment } from "../../contract.ts";
import { addModel } from "../../../test/fixtures/models/arithmetic.ts";
import { onnxModel } from "../../../test/fixtures/onnx.ts";
import { stateOf } from "../session/file-state.ts";
import { openSession, type Session } from "../session/session.ts";
import { addLoneRuns } from "./add-lone-runs.ts";
import { areSameBits } from "../are-same-bits.ts";
import type { LoneRunsDecision } from "./lone-session.ts";

const variables = { [environment.onnxRuntimeTelemetry]: "1" };
let folder = "";
let modelPath = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-lone-"));
  modelPath = join(folder, "model.onnx");
  await writeFile(modelPath, addModel());
});
afterEach(() => rm(folder, { recursive: true }));

interface Ground {
  readonly loadMilliseconds: number;
  readonly privateBytes: number;
  readonly roomUpToBytes: number;
}

interface Started {
  readonly run: () => void;
  readonly decisions: readonly LoneRunsDecision[];
  /** Opens the second session, when that is due. */
  readonly open: () => void;
  readonly isDue: () => boolean;
}

function start({ loadMilliseconds = 0, privateBytes = 0, roomUpToBytes }: Partial<Ground> = {}): Started {
  const settings = { modelPath, seenFiles: [stateOf(modelPath)], intraOpThreads: 1, providers: ["cpu"] } as const;
  const opened = openSession(settings, variables);
  assert.ok(opened.ok);
  // Each run takes long enough by this clock, whatever the machine does.
  let time = 0;
  const decisions: LoneRunsDecision[] = [];
  const waiting: (() => void)[] = [];
  const lone = { threads: 2, slot: undefined, longestTrialSeconds: 1, roomUpToBytes };
  const session: Session = addLoneRuns(opened, settings, lone, {
    variables,
    machineNow: () => (time += 10),
    privateBytes: () => privateBytes,
    loadMilliseconds,
    later: (task) => waiting.push(task),
    onDecided: (decision) => decisions.push(decision),
  });
  const data = Float32Array.of(1, 2);
  const inputs = ["a", "b"].map((name) => ({ name, datatype: "FP32" as const, shape: [1, 2], data }));
  return {
    run: () => assert.equal(session.run(inputs, ["sum"]).kind, "done"),
    decisions,
    open: () => waiting.shift()?.(),
    isDue: () => waiting.length > 0,
  };
}

function untilDue({ run, isDue }: Started): void {
  for (let runs = 0; runs < 20 && !isDue(); runs++) run();
  assert.ok(isDue());
}

test("the model as it was loaded is loaded once more", () => {
  const started = start();
  untilDue(started);
  started.open();
  for (let trial = 0; trial < 8; trial++) started.run();
  assert.equal(started.decisions.length, 1);
  assert.equal(started.decisions[0]?.isSame, true);
  assert.notEqual(started.decisions[0]?.gain, undefined);
});

test("a model that was exported anew meanwhile is no second session", async () => {
  const started = start();
  untilDue(started);
  await writeFile(join(folder, "new"), addModel());
  await rename(join(folder, "new"), modelPath);
  started.open();
  assert.deepEqual(started.decisions, [{ pays: false, gain: undefined, isSame: true }]);
  for (let runs = 0; runs < 20; runs++) started.run();
  assert.equal(started.decisions.length, 1);
});

test("a model that loads longer than a trial may take is not loaded again while requests wait", () => {
  const [quick, slow] = [start({ loadMilliseconds: 1000 }), start({ loadMilliseconds: 1001 })];
  untilDue(quick);
  for (let runs = 0; runs < 20; runs++) slow.run();
  assert.ok(!slow.isDue());
});

test("a second session is opened as long as the process has taken no more than half of what it may", () => {
  for (const privateBytes of [100, 101]) {
    const started = start({ privateBytes, roomUpToBytes: 100 });
    untilDue(started);
    started.open();
    for (let trial = 0; trial < 8; trial++) started.run();
    assert.equal(started.decisions[0]?.gain === undefined, privateBytes > 100);
  }
});

test("a request has the bits of few threads, whatever its shape: a product of few rows is shared out otherwise", async () => {
  await writeFile(modelPath, ownProductModel());
  const settings = { modelPath, intraOpThreads: 1, providers: ["cpu"] } as const;
  const [few, beside] = [openSession(settings, variables), openSession(settings, variables)];
  assert.ok(few.ok && beside.ok);
  // By this clock the second of two runs is twice as fast.
  let calls = 0;
  let time = 0;
  const waiting: (() => void)[] = [];
  const decisions: LoneRunsDecision[] = [];
  const lone = { threads: 2, slot: undefined, longestTrialSeconds: 1, roomUpToBytes: undefined };
  const session = addLoneRuns(few, settings, lone, {
    variables,
    machineNow: () => (time += ++calls % 4 === 2 ? 20 : 10),
    privateBytes: () => 0,
    loadMilliseconds: 0,
    later: (task) => waiting.push(task),
    onDecided: (decision) => decisions.push(decision),
  });
  const check = (rows: number, columns: number): void => {
    const data = Float32Array.from({ length: rows * columns }, (_, at) => Math.sin(at * 7919));
    const inputs = [{ name: "x", datatype: "FP32" as const, shape: [rows, columns], data }];
    const [one, other] = [session.run(inputs, ["y"]), beside.run(inputs, ["y"])];
    assert.ok(one.kind === "done" && other.kind === "done");
    assert.ok(areSameBits(one.outputs, other.outputs), `${rows} x ${columns}`);
    for (const task of waiting.splice(0)) task();
  };
  for (let run = 0; run < 16; run++) check(65, 1000);
  assert.equal(decisions[0]?.pays, true);
  for (let run = 0; run < 3; run++) {
    check(2, 500_000);
    check(3, 500_000);
  }
});

/** `y = x xT`. */
function ownProductModel(): Uint8Array {
  return onnxModel({
    nodes: [
      { operator: "Transpose", inputs: ["x"], outputs: ["t"] },
      { operator: "MatMul", inputs: ["x", "t"], outputs: ["y"] },
    ],
    inputs: [{ name: "x", elementType: "float32", dims: ["rows", "columns"] }],
    outputs: [{ name: "y", elementType: "float32", dims: ["rows", "rows"] }],
  });
}
