import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Ground, planShards } from "./plan.ts";

const mebibyte = 1024 ** 2;
const ground: Ground = { workers: 2, memoryLimitBytes: undefined, modelBytes: 10 * mebibyte, hasLoops: false };

describe("shards and their memory", () => {
  test("as many as are asked for where no limit is set, and a share of the usual budget each", () => {
    const plan = planShards({ ...ground, workers: 4 });
    assert.deepEqual(plan, {
      ok: true,
      shards: 4,
      place: "inPlace",
      memoryBudgetBytes: 256 * mebibyte,
      hasRoomForTwo: true,
      roomUpToBytes: undefined,
    });
  });

  test("what the limit leaves is shared", () => {
    const plan = planShards({ ...ground, memoryLimitBytes: 512 * mebibyte });
    assert.ok(plan.ok);
    assert.equal(plan.shards, 2);
    // (512 - 80 - 2 x (40 + 12)) x 0.35 / 2
    assert.equal(plan.memoryBudgetBytes, Math.floor(57.4 * mebibyte));
    // Half of (512 - 80) / 2 + 40, without what requests may hold.
    assert.equal(plan.roomUpToBytes, Math.floor((256 * mebibyte - plan.memoryBudgetBytes) / 2));
  });

  test("fewer shards where the model fits fewer times", () => {
    const plan = planShards({ ...ground, workers: 4, modelBytes: 200 * mebibyte, memoryLimitBytes: 800 * mebibyte });
    assert.ok(plan.ok);
    assert.equal(plan.shards, 2);
  });

  test("none where it does not fit once, with what to do", () => {
    const plan = planShards({ ...ground, modelBytes: 553 * mebibyte, memoryLimitBytes: 512 * mebibyte });
    assert.ok(!plan.ok);
    assert.match(plan.message, /553 MiB.*limit of 512 MiB is too small.*to 796Mi or more/);
    const raised = planShards({ ...ground, modelBytes: 553 * mebibyte, memoryLimitBytes: 796 * mebibyte });
    assert.ok(raised.ok, "what it says to do helps");
    assert.equal(raised.shards, 1);
  });

  test("the model is loaded twice where its weights are few beside what is left", () => {
    const hasRoom = (modelBytes: number, memoryLimitBytes?: number): boolean | undefined => {
      const plan = planShards({ ...ground, modelBytes, memoryLimitBytes });
      assert.ok(plan.ok);
      return plan.hasRoomForTwo;
    };
    assert.equal(hasRoom(53 * mebibyte), true);
    assert.equal(hasRoom(54 * mebibyte), false, "2 x 1.2 x 54 are more than 128");
    // (512 - 80 - 2 x (40 + 1.2 x model)) x 0.1 >= 2 x 1.2 x model
    assert.equal(hasRoom(13 * mebibyte, 512 * mebibyte), true);
    assert.equal(hasRoom(14 * mebibyte, 512 * mebibyte), false);
  });

  test("a large model runs on a thread from the start, as its runs are long", () => {
    const plan = planShards({ ...ground, modelBytes: 553 * mebibyte });
    assert.ok(plan.ok);
    assert.equal(plan.place, "thread");
  });

  test("a model whose time depends on values runs on a thread from the start", () => {
    const plan = planShards({ ...ground, hasLoops: true });
    assert.ok(plan.ok);
    assert.equal(plan.place, "thread");
  });
});
