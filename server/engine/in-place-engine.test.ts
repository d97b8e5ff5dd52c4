import assert from "node:assert/strict";
import { test } from "node:test";
import { problems } from "../errors.ts";
import type { Signature, Tensor } from "../tensor.ts";
import { fakeSession } from "../../test/fixtures/fake-session.ts";
import { createInPlaceEngine, type InPlaceEngine, type InPlaceEngineOptions } from "./in-place-engine.ts";
import type { RunRequest } from "./run.ts";
import { noWatch, type RunWatch } from "./run-watch.ts";
import type { Session } from "./session/session.ts";

interface Started {
  readonly engine: InPlaceEngine;
  /** Names of what was run, in order. */
  readonly ran: string[];
  /** Makes one turn of the event loop. */
  readonly turn: () => void;
  readonly turns: () => number;
}

/** An engine whose time moves with its runs alone, by `runMilliseconds` each. */
async function start(runMilliseconds: number, options: Partial<InPlaceEngineOptions> = {}): Promise<Started> {
  let time = 0;
  const ran: string[] = [];
  const waiting: (() => void)[] = [];
  const session = fakeSession((inputs) => {
    time += runMilliseconds;
    const name = inputs[0]?.name ?? "";
    ran.push(name);
    if (name === "refuse") return { kind: "refused", message: "no", isOutOfMemory: false };
    return { kind: "done", outputs: inputs };
  });
  const engine = createInPlaceEngine({
    open: () => session,
    queueLimit: 10,
    queueSeconds: 10,
    now: () => time,
    watch: noWatch,
    adapt: (opened) => opened,
    nextTurn: (turn) => waiting.push(turn),
    isAlone: () => false,
    batchDelayMilliseconds: 0,
    later: () => assert.fail("nobody waits"),
    ...options,
  });
  await engine.load();
  return { engine, ran, turn: () => waiting.shift()?.(), turns: () => waiting.length };
}

function request(name: string, more: Partial<RunRequest> = {}): RunRequest {
  const input: Tensor = { name, datatype: "FP32", shape: [1], data: Float32Array.of(1) };
  return { id: name, decode: () => ({ inputs: [input], outputs: ["y"] }), isAbandoned: () => false, ...more };
}

test("a long run has a turn of its own, and they come in the order of their requests", async () => {
  const { engine, ran, turn, turns } = await start(5);
  const outcomes = Promise.all(["a", "b", "c"].map((name) => engine.run(request(name))));
  assert.deepEqual(ran, [], "nothing runs before what has arrived is read");
  for (const expected of [["a"], ["a", "b"], ["a", "b", "c"]]) {
    assert.equal(turns(), 1);
    turn();
    assert.deepEqual(ran, expected);
  }
  assert.equal(turns(), 0);
  const [first, , third] = await outcomes;
  assert.ok(first?.kind === "done" && third?.kind === "done");
  assert.deepEqual([first.queueSeconds, first.runSeconds], [0, 0.005]);
  assert.deepEqual([third.queueSeconds, third.runSeconds], [0.01, 0.005]);
});

test("who is alone is served at once, unless a turn is on its way", async () => {
  let isAlone = true;
  const { engine, ran, turn, turns } = await start(5, { isAlone: () => isAlone });
  void engine.run(request("a"));
  assert.deepEqual([ran, turns()], [["a"], 0]);
  isAlone = false;
  void engine.run(request("b"));
  isAlone = true;
  void engine.run(request("c"));
  assert.deepEqual([ran, turns()], [["a"], 1], "nobody is served before one who came first");
  turn();
  assert.deepEqual(ran, ["a", "b"]);
});

test("the first of a batch waits as long as the user says, or until the batch is full", async () => {
  let time = 0;
  let begun = 0;
  const timers: { readonly at: number; readonly turn: () => void; isOff: boolean }[] = [];
  const session = fakeSession(
    (inputs) => {
      time += 1;
      begun += 1;
      return { kind: "done", outputs: inputs };
    },
    {
      inputs: [{ name: "x", datatype: "FP32", shape: [-1] }],
      outputs: [{ name: "x", datatype: "FP32", shape: [-1] }],
    },
  );
  const { engine, turn, turns } = await start(5, {
    open: () => session,
    now: () => time,
    batchDelayMilliseconds: 20,
    later(milliseconds, callBack) {
      const timer = { at: time + milliseconds, turn: callBack, isOff: false };
      timers.push(timer);
      return () => {
        timer.isOff = true;
      };
    },
  });
  assert.equal(engine.chooseBatches(new Map([["x", [1]]]), 4), 4);
  begun = 0;
  const send = (value: number): ReturnType<typeof engine.run> => {
    const input: Tensor = { name: "x", datatype: "FP32", shape: [1], data: Float32Array.of(value) };
    return engine.run(request(`r${value}`, { decode: () => ({ inputs: [input], outputs: ["x"] }) }));
  };
  const began = time;
  const early = Promise.all([send(1), send(2)]);
  turn();
  assert.deepEqual([begun, turns(), timers[0]?.at], [0, 0, began + 20], "two of four: they wait");
  time += 20;
  timers[0]?.turn();
  assert.equal(begun, 1, "for so long, and are run together");
  await early;
  const full = Promise.all([3, 4, 5].map(send));
  turn();
  assert.deepEqual([begun, timers.length], [1, 2]);
  const last = send(6);
  assert.deepEqual([timers[1]?.isOff, turns()], [true, 1], "the fourth makes it full");
  turn();
  assert.equal(begun, 2);
  await Promise.all([full, last]);
});

test("short runs share a turn", async () => {
  const { engine, ran, turn, turns } = await start(0.2);
  for (const name of ["a", "b", "c", "d", "e"]) void engine.run(request(name));
  turn();
  assert.deepEqual(ran, ["a", "b", "c"]);
  assert.equal(turns(), 1);
  turn();
  assert.deepEqual(ran, ["a", "b", "c", "d", "e"]);
});

test("what waits is decoded right before its run, and not at all when nobody waits for it any more", async () => {
  const { engine, turn } = await start(5);
  const decoded: string[] = [];
  const noting = (name: string, more: Partial<RunRequest> = {}): RunRequest => {
    const plain = request(name);
    return {
      ...plain,
      decode() {
        decoded.push(name);
        return plain.decode();
      },
      ...more,
    };
  };
  void engine.run(noting("a"));
  const gone = engine.run(noting("b", { isAbandoned: () => true }));
  void engine.run(noting("c"));
  turn();
  assert.deepEqual(decoded, ["a"]);
  turn();
  assert.deepEqual(decoded, ["a", "c"]);
  assert.deepEqual(await gone, { kind: "abandoned" });
});

test("a request that the model does not take is not run, nor noted, and harms no other", async () => {
  const noted: string[] = [];
  const { engine, ran, turn } = await start(5, { watch: { ...noWatch, begin: (id) => noted.push(id) } });
  const problem = problems.bodyEmpty("something");
  const bad = engine.run(request("bad", { decode: () => problem }));
  const refused = engine.run(request("refuse"));
  const good = engine.run(request("good"));
  for (let i = 0; i < 3; i++) turn();
  assert.deepEqual(await bad, { kind: "invalid", problem });
  assert.deepEqual(await refused, { kind: "refused", message: "no", isOutOfMemory: false });
  assert.equal((await good).kind, "done");
  assert.deepEqual(ran, ["refuse", "good"]);
  assert.deepEqual(noted, ["refuse", "good"]);
});

test("suspects run alone, what is refused does not run, and each run is noted with all that is in it", async () => {
  const told: string[] = [];
  const problem = problems.crashesEngine();
  const watch: RunWatch = {
    judge({ inputs }) {
      const value = Number(inputs[0]?.data[0]);
      if (value === 3) return problem;
      return { mark: value, digest: value === 2 ? "two" : undefined };
    },
    begin: (id, standings) => told.push(`${id}: ${standings.map(({ mark }) => mark).join(" ")}`),
    end: () => told.push("over"),
  };
  const signature: Signature = {
    inputs: [{ name: "x", datatype: "FP32", shape: [-1] }],
    outputs: [{ name: "x", datatype: "FP32", shape: [-1] }],
  };
  let time = 0;
  const session = fakeSession((inputs) => {
    // Of one row as long as of many: that pays.
    time += 5;
    return { kind: "done", outputs: inputs };
  }, signature);
  const { engine, turn } = await start(5, { open: () => session, now: () => time, watch });
  assert.equal(engine.chooseBatches(new Map([["x", [1]]]), 32), 32);
  const send = (value: number): ReturnType<typeof engine.run> => {
    const input: Tensor = { name: "x", datatype: "FP32", shape: [1], data: Float32Array.of(value) };
    return engine.run(request(`r${value}`, { decode: () => ({ inputs: [input], outputs: ["x"] }) }));
  };
  const outcomes = Promise.all([1, 4, 2, 5, 3, 6].map(send));
  for (let turns = 0; turns < 6; turns++) turn();
  const results = await outcomes;
  assert.deepEqual(told, ["r1: 1 4", "over", "r2: 2", "over", "r5: 5 6", "over"]);
  assert.deepEqual(results[4], { kind: "invalid", problem });
  assert.deepEqual(
    results.map((outcome) => (outcome.kind === "done" ? outcome.outputs[0]?.data[0] : outcome.kind)),
    [1, 4, 2, 5, "invalid", 6],
  );
});

test("where nobody may wait, one runs after the other all the same", async () => {
  const { engine, turn } = await start(5, { queueLimit: 0 });
  for (const name of ["a", "b"]) {
    const first = engine.run(request(name));
    assert.deepEqual(await engine.run(request("too many")), { kind: "full" });
    turn();
    assert.equal((await first).kind, "done");
  }
});

test("beyond the limit nobody waits; after the end nobody runs", async () => {
  const { engine, turn } = await start(5, { queueLimit: 1 });
  const [first, , third] = ["a", "b", "c"].map((name) => engine.run(request(name)));
  assert.deepEqual(await third, { kind: "full" });
  assert.equal(engine.queued(), 2);
  assert.equal(engine.usable(), 1);
  assert.equal(await engine.close(), true);
  assert.deepEqual(await first, { kind: "closed" });
  assert.equal(engine.usable(), 0);
  const late = engine.run(request("late"));
  turn();
  turn();
  assert.deepEqual(await late, { kind: "closed" });
});

test("requests that wait are run together up to the limit, each with its own answer and none with another's mistake", async () => {
  const { engine, ran, turn } = await start(5, ticking(ran2));
  assert.equal(engine.chooseBatches(new Map([["x", [1, 1]]]), 4), 4);
  ran2.length = 0;
  const values = [1, 2, 3, 4, 5, -1, 6, 7, 8, 9];
  const outcomes = values.map((value) => engine.run(row(value)));
  for (let i = 0; i < 6; i++) turn();
  assert.deepEqual(ran, []);
  // The second batch holds what the model refuses, so each of it is run alone, and the third is one again.
  assert.deepEqual(ran2, [[1, 2, 3, 4], [5, -1, 6, 7], [5], [-1], [6], [7], [8, 9]]);
  for (const [index, outcome] of (await Promise.all(outcomes)).entries()) {
    const value = values[index] ?? 0;
    if (value < 0) assert.deepEqual(outcome, { kind: "refused", message: "negative", isOutOfMemory: false });
    else {
      assert.ok(outcome.kind === "done");
      assert.deepEqual(outcome.outputs, [
        { name: "y", datatype: "FP32", shape: [1, 1], data: Float32Array.of(2 * value) },
      ]);
    }
  }
});

test("a request of another width waits for its own turn, in its place", async () => {
  const { engine, turn } = await start(5, ticking(ran2));
  engine.chooseBatches(new Map([["x", [1, 1]]]), 4);
  ran2.length = 0;
  for (const one of [row(1), row(2), row(3, 4), row(5)]) void engine.run(one);
  assert.equal(engine.queued(), 4);
  turn();
  assert.equal(engine.queued(), 2);
  turn();
  turn();
  assert.deepEqual(ran2, [[1, 2], [3, 4], [5]]);
});

test("a request that is decoded and waits for its turn is not run when its client has gone meanwhile", async () => {
  const { engine, turn } = await start(5, ticking(ran2));
  engine.chooseBatches(new Map([["x", [1, 1]]]), 4);
  ran2.length = 0;
  let isGone = false;
  void engine.run(row(1));
  const gone = engine.run({ ...row(3, 4), isAbandoned: () => isGone });
  void engine.run(row(5));
  turn();
  isGone = true;
  turn();
  assert.deepEqual(await gone, { kind: "abandoned" });
  assert.deepEqual(ran2, [[1], [5]]);
});

test("rows that have to do with one another are never run together", async () => {
  let time = 0;
  const mixing: Session = {
    ...doubling([], () => undefined),
    run: (inputs) => {
      time += 5;
      const data = (inputs[0]?.data ?? new Float32Array()) as Float32Array<ArrayBuffer>;
      const sum = data.reduce((total, value) => total + value, 0);
      return {
        kind: "done",
        outputs: [{ name: "y", datatype: "FP32", shape: [data.length, 1], data: data.map(() => sum) }],
      };
    },
  };
  const { engine } = await start(5, { open: () => mixing, now: () => time });
  assert.equal(engine.chooseBatches(new Map([["x", [1, 1]]]), 32), 1);
});

test("a model that once gave another number of rows than it got is asked for one request at a time", async () => {
  const spec = { datatype: "FP32", shape: [-1] } as const;
  const ran3: number[][] = [];
  let time = 0;
  const filtering = fakeSession(
    (inputs) => {
      time += 5;
      const values = [...((inputs[0]?.data ?? []) as Float32Array)];
      ran3.push(values);
      // As a detector does: none of some, two of others. Nothing that a server makes up is one of them.
      const found = values.flatMap((value) => (value === 0 ? [] : value === 2 ? [value, value] : [value]));
      const data = Float32Array.from(found);
      return { kind: "done", outputs: [{ name: "y", datatype: "FP32", shape: [found.length], data }] };
    },
    { inputs: [{ name: "x", ...spec }], outputs: [{ name: "y", ...spec }] },
  );
  const { engine, turn } = await start(5, { open: () => filtering, now: () => time });
  assert.equal(engine.chooseBatches(new Map([["x", [1]]]), 32), 32);
  ran3.length = 0;
  const send = (value: number): ReturnType<typeof engine.run> => {
    const input: Tensor = { name: "x", datatype: "FP32", shape: [1], data: Float32Array.of(value) };
    return engine.run(request(`r${value}`, { decode: () => ({ inputs: [input], outputs: ["y"] }) }));
  };
  const first = Promise.all([0, 1].map(send));
  turn();
  const second = Promise.all([0, 2].map(send));
  for (let turns = 0; turns < 3; turns++) turn();
  assert.deepEqual(ran3, [[0, 1], [0], [1], [0], [2]]);
  const found = [...(await first), ...(await second)].map((outcome) =>
    outcome.kind === "done" ? [...(outcome.outputs[0]?.data ?? [])] : outcome.kind,
  );
  assert.deepEqual(found, [[], [1], [], [2, 2]]);
});

const ran2: number[][] = [];

/** An engine of {@link doubling}, whose time moves with its runs alone: so batches always pay. */
function ticking(noted: number[][]): Partial<InPlaceEngineOptions> {
  let time = 0;
  const session = doubling(noted, () => {
    time += 5;
  });
  return { open: () => session, now: () => time };
}

/** Twice the input, which may not be negative; a run takes as long whatever its rows, which are noted. */
function doubling(noted: number[][], takeTime: () => void): Session {
  const spec = { datatype: "FP32", shape: [-1, -1] } as const;
  return fakeSession(
    (inputs) => {
      const { shape = [], data = new Float32Array() } = inputs[0] ?? {};
      const values = data as Float32Array<ArrayBuffer>;
      noted.push([...values]);
      takeTime();
      if (values.some((value) => value < 0)) return { kind: "refused", message: "negative", isOutOfMemory: false };
      return {
        kind: "done",
        outputs: [{ name: "y", datatype: "FP32", shape, data: values.map((value) => 2 * value) }],
      };
    },
    { inputs: [{ name: "x", ...spec }], outputs: [{ name: "y", ...spec }] },
  );
}

function row(...values: readonly number[]): RunRequest {
  const input: Tensor = { name: "x", datatype: "FP32", shape: [1, values.length], data: Float32Array.from(values) };
  return { id: "row", decode: () => ({ inputs: [input], outputs: ["y"] }), isAbandoned: () => false };
}
