import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Tensor } from "../../tensor.ts";
import { fakeSession } from "../../../test/fixtures/fake-session.ts";
import type { Session, SessionRun } from "../session/session.ts";
import { type LoneRunsDecision, withLoneRuns } from "./lone-session.ts";

interface Ground {
  /** Milliseconds for each element. */
  narrow: number;
  wide: number;
  /** What another shard leaves of being alone. */
  isAlone: boolean;
  answer: number;
  canOpen: boolean;
  loadMilliseconds: number;
  hasRoom: boolean;
  /** Who refuses all. */
  refuses: "narrow" | "wide" | "both" | "none";
}

/** A session whose clock moves by what it runs. */
function start(changes: Partial<Ground> = {}) {
  const ground: Ground = {
    narrow: 1,
    wide: 0.5,
    isAlone: true,
    answer: 1,
    canOpen: true,
    loadMilliseconds: 0,
    hasRoom: true,
    refuses: "none",
    ...changes,
  };
  let time = 0;
  const ran: string[] = [];
  const told: string[] = [];
  const waiting: (() => void)[] = [];
  const decisions: LoneRunsDecision[] = [];
  const made = (name: "narrow" | "wide"): Session => {
    const run: SessionRun = (inputs) => {
      ran.push(name);
      time += ground[name] * (inputs[0]?.data.length ?? 0);
      if (ground.refuses === name || ground.refuses === "both") {
        return { kind: "refused", message: `no, says ${name}`, isOutOfMemory: false };
      }
      return { kind: "done", outputs: [tensor([name === "wide" ? ground.answer : 1])] };
    };
    return fakeSession(run, undefined, () => void told.push(`close ${name}`));
  };
  const session = withLoneRuns({
    session: made("narrow"),
    openWide() {
      told.push("open");
      return ground.canOpen ? made("wide") : { ok: false, reason: "OutOfMemory", message: "no room" };
    },
    hasRoom: () => ground.hasRoom,
    loadMilliseconds: ground.loadMilliseconds,
    slot: {
      begin: () => void told.push("begin"),
      end: () => void told.push("end"),
      isAlone: () => ground.isAlone,
    },
    now: () => time,
    later: (task) => waiting.push(task),
    longestTrialSeconds: 1,
    onDecided: (decision) => decisions.push(decision),
  });
  const runWaiting = (): void => {
    for (const task of waiting.splice(0)) task();
  };
  /** What ran for so many requests of so many elements. */
  const run = (times: number, elements = 10): string => {
    ran.length = 0;
    for (let index = 0; index < times; index++) {
      session.run([tensor(Array.from({ length: elements }, () => 0))], ["y"]);
      runWaiting();
    }
    return ran.map((name) => name[0]).join("");
  };
  return { session, ground, run, runWaiting, told, decisions, wait: (milliseconds: number) => (time += milliseconds) };
}

function tensor(values: readonly number[]): Tensor {
  return { name: "x", datatype: "FP32", shape: [values.length], data: Float32Array.from(values) };
}

const undecided = `${"n".repeat(8)}${"nw".repeat(8)}`;

describe("runs that are alone", () => {
  test("are made with both sessions some times, and with all cores when that is faster", () => {
    const { run, decisions } = start();
    assert.equal(run(20), `${undecided}wwww`);
    assert.deepEqual(decisions, [{ pays: true, gain: 2, isSame: true }]);
  });

  test("have the answer of few threads to what all cores refuse, and no second session from then on", () => {
    const { session, run, ground, told } = start();
    run(16);
    ground.refuses = "both";
    assert.equal(run(2), "wnwn", "what both refuse is no fault of the second");
    assert.deepEqual(session.run([tensor([0])], ["y"]), {
      kind: "refused",
      message: "no, says narrow",
      isOutOfMemory: false,
    });
    assert.ok(!told.includes("close wide"));
    ground.refuses = "wide";
    assert.equal(session.run([tensor(Array.from({ length: 10 }, () => 0))], ["y"]).kind, "done");
    assert.equal(told.filter((what) => what === "close wide").length, 1);
    assert.equal(run(20), "n".repeat(20));
  });

  test("have no second session where there is no room for what the first has taken", () => {
    const { run, decisions, told } = start({ hasRoom: false });
    assert.equal(run(20), "n".repeat(20));
    assert.ok(!told.includes("open"));
    assert.deepEqual(decisions, [{ pays: false, gain: undefined, isSame: true }]);
  });

  test("are given to a second session where they are larger than before only once there is room for that as well", () => {
    const { run, ground } = start();
    assert.equal(run(10), `${"n".repeat(8)}nwnw`);
    ground.hasRoom = false;
    assert.equal(run(2, 11), "nn", "no trial either");
    assert.equal(run(6), "nw".repeat(6));
    assert.equal(run(2), "ww");
    assert.equal(run(2, 11), "nn");
    ground.hasRoom = true;
    assert.equal(run(9, 12), `${"nw".repeat(8)}w`, "how much more it takes is known when the first session has run it");
    ground.hasRoom = false;
    assert.equal(run(9, 11), `${"nw".repeat(8)}w`);
    assert.equal(run(2, 13), "nn");
  });

  test("are made with all cores for the shapes alone that have given the same bits", () => {
    const { run, ground, decisions, told } = start();
    assert.equal(run(17), `${undecided}w`);
    assert.equal(run(3, 12), "nwnwnw");
    assert.equal(run(1), "w");
    assert.equal(run(6, 12), `${"nw".repeat(5)}w`);
    ground.answer = 1.5;
    assert.equal(run(3, 14), "nwnn", "other bits");
    assert.equal(run(2), "nn", "and it is over for all shapes");
    assert.deepEqual(decisions.at(-1), { pays: false, gain: undefined, isSame: false });
    assert.equal(told.filter((what) => what === "close wide").length, 1);
  });

  test("do not load the model again when the first session is closed meanwhile", () => {
    const { session, told, run, runWaiting } = start();
    run(7);
    session.run([tensor(Array.from({ length: 10 }, () => 0))], ["y"]);
    session.close();
    runWaiting();
    assert.ok(!told.includes("open"));
  });

  test("keep their threads where more are hardly faster", () => {
    const { run, decisions, told } = start({ wide: 0.9 });
    assert.equal(run(20), `${undecided}nnnn`);
    assert.equal(decisions[0]?.pays, false);
    assert.equal(told.filter((what) => what === "close wide").length, 1, "its memory is given back");
  });

  test("keep their threads for good where other bits come of it", () => {
    const { run, decisions, wait } = start({ answer: 1.5 });
    assert.equal(run(16), undecided);
    assert.deepEqual(decisions, [{ pays: false, gain: 2, isSame: false }]);
    wait(1e9);
    assert.equal(run(20), "n".repeat(20));
  });

  test("keep their threads where the model cannot be loaded again", () => {
    const { run, told, decisions } = start({ canOpen: false });
    assert.equal(run(40), "n".repeat(40));
    assert.equal(told.filter((what) => what === "open").length, 1);
    assert.deepEqual(decisions, [{ pays: false, gain: undefined, isSame: true }]);
  });

  test("are not looked for among short ones, which tell nobody of themselves", () => {
    const { run, told } = start({ narrow: 0.09 });
    assert.equal(run(40), "n".repeat(40));
    assert.deepEqual(told, []);
  });

  test("tell of themselves when they are long, from the second on", () => {
    const { run, told } = start();
    run(3);
    assert.deepEqual(told, ["begin", "end", "begin", "end"]);
  });

  test("tell that they are over when they throw", () => {
    const { session, run, told } = start();
    run(1);
    const broken = Object.defineProperty([], "0", { get: () => assert.fail("broken") }) as readonly Tensor[];
    assert.throws(() => session.run(broken, []));
    assert.deepEqual(told, ["begin", "end"]);
  });

  test("are tried again after a while: others of the machine may have been busy", () => {
    const { run, ground, wait } = start({ wide: 2 });
    run(16);
    ground.wide = 0.5;
    assert.equal(run(20), "n".repeat(20));
    wait(10_000);
    assert.equal(run(18), `${undecided}ww`);
  });

  test("are tried five times, and less and less often", () => {
    const { run, wait, decisions } = start({ wide: 2 });
    for (let minutes = 0; minutes < 10_000; minutes++) {
      run(20);
      wait(60_000);
    }
    assert.equal(decisions.length, 5);
  });

  test("are tried again at once when they take four times as long", () => {
    const { run, decisions } = start({ wide: 2 });
    run(16);
    run(16, 39);
    assert.equal(decisions.length, 1);
    run(16, 40);
    assert.equal(decisions.length, 2);
  });

  test("so long that making them twice would take too long are not made twice", () => {
    const { run } = start();
    assert.equal(run(20, 1001), "n".repeat(20));
  });
});

describe("runs beside others", () => {
  test("have their own threads", () => {
    const { run, ground } = start();
    run(16);
    ground.isAlone = false;
    assert.equal(run(3), "nnn");
    ground.isAlone = true;
    assert.equal(run(3), "www");
  });

  test("are no trials", () => {
    const { run, decisions } = start({ isAlone: false });
    assert.equal(run(40), "n".repeat(40));
    assert.equal(decisions.length, 0);
  });

  test("that came during a trial make it none", () => {
    const { run, ground, decisions } = start();
    run(15);
    let asked = 0;
    Object.defineProperty(ground, "isAlone", { get: () => ++asked % 2 === 1 });
    run(6);
    assert.equal(decisions.length, 0);
  });
});

test("a request much smaller than those of the trials has its own threads", () => {
  const { run } = start();
  run(16);
  assert.equal(run(9, 5), `${"nw".repeat(8)}w`);
  assert.equal(run(2, 4), "nn");
});

test("requests of unlike sizes are compared by what an element takes", () => {
  const { run, decisions } = start({ wide: 0.9 });
  run(8);
  for (const size of [100, 10, 100, 10, 100, 10, 100, 10]) run(1, size);
  assert.ok(Math.abs((decisions[0]?.gain ?? 0) - 1 / 0.9) < 1e-9);
});

test("both sessions are closed", () => {
  const { session, run, told } = start();
  run(16);
  session.close();
  assert.deepEqual(told.slice(-2), ["close wide", "close narrow"]);
});

test("a model that takes long to load is loaded again for runs alone that take long as well", () => {
  const slow = start({ loadMilliseconds: 1001 });
  assert.equal(slow.run(20, 100), "n".repeat(20));
  assert.equal(slow.run(9, 101), `${"n".repeat(8)}nw`);
  assert.equal(start({ loadMilliseconds: 1000 }).run(9), `${"n".repeat(8)}nw`);
});
