import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunOutcome } from "./run.ts";
import { createQueue, type Job } from "./queue.ts";

interface Waiting {
  readonly job: Job;
  readonly outcome: () => string;
}

function waiting(enqueued: number, isAbandoned = (): boolean => false): Waiting {
  let kind = "waiting";
  const resolve = (outcome: RunOutcome): void => {
    assert.equal(kind, "waiting", "resolved twice");
    ({ kind } = outcome);
  };
  return {
    job: { request: { id: "1", decode: () => ({ inputs: [], outputs: [] }), isAbandoned }, resolve, enqueued },
    outcome: () => kind,
  };
}

test("first come, first served", () => {
  const queue = createQueue({ limit: 10, seconds: 10, now: () => 0 });
  const [a, b] = [waiting(0), waiting(0)];
  queue.add(a.job);
  queue.add(b.job);
  assert.equal(queue.next(), a.job);
  assert.equal(queue.next(), b.job);
  assert.equal(queue.next(), undefined);
});

test("beyond the limit nobody waits, unless somebody who waits has gone", () => {
  const queue = createQueue({ limit: 2, seconds: 10, now: () => 0 });
  let hasGone = false;
  const [a, b, c, d] = [waiting(0), waiting(0, () => hasGone), waiting(0), waiting(0)];
  queue.add(a.job);
  queue.add(b.job);
  queue.add(c.job);
  assert.equal(c.outcome(), "full");
  hasGone = true;
  queue.add(d.job);
  assert.deepEqual(
    [a, b, d].map(({ outcome }) => outcome()),
    ["waiting", "abandoned", "waiting"],
  );
  assert.equal(queue.size(), 2);
  queue.rejectAll("closed");
});

test("who has gone is not handed out", () => {
  const queue = createQueue({ limit: 10, seconds: 10, now: () => 0 });
  const [gone, here] = [waiting(0, () => true), waiting(0)];
  queue.add(gone.job);
  queue.add(here.job);
  assert.equal(queue.next(), here.job);
  assert.equal(gone.outcome(), "abandoned");
});

test("nobody waits longer than allowed, and each as long as allowed", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let time = 0;
  const pass = (milliseconds: number): void => {
    time += milliseconds;
    context.mock.timers.tick(milliseconds);
  };
  const queue = createQueue({ limit: 10, seconds: 1, now: () => time });
  const a = waiting(time);
  queue.add(a.job);
  pass(600);
  const b = waiting(time);
  queue.add(b.job);
  pass(399);
  assert.equal(a.outcome(), "waiting");
  pass(1);
  assert.deepEqual([a.outcome(), b.outcome()], ["expired", "waiting"]);
  pass(599);
  assert.equal(b.outcome(), "waiting");
  pass(1);
  assert.equal(b.outcome(), "expired");
  assert.equal(queue.size(), 0);
});

test("closing tells everybody who waits", () => {
  const queue = createQueue({ limit: 10, seconds: 10, now: () => 0 });
  const [a, b] = [waiting(0), waiting(0)];
  queue.add(a.job);
  queue.add(b.job);
  queue.rejectAll("closed");
  assert.deepEqual([a.outcome(), b.outcome(), queue.size()], ["closed", "closed", 0]);
});
