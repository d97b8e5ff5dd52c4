import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { apply } from "./apply.ts";
import { kinds } from "./api/kinds.ts";
import type { Model } from "./api/model.ts";
import type { Client } from "./kube/transport/client.ts";
import { ApiError } from "./kube/transport/errors.ts";
import type { Phase, Write } from "./plan/children/children.ts";
import type { Outcome, Plan } from "./plan/plan.ts";

const model = {
  metadata: { name: "demo", namespace: "default", uid: "model-uid", resourceVersion: "1", generation: 1 },
  spec: {},
  status: { currentVersion: "v1" },
} as unknown as Model;

function write(phase: Phase, name: string): Write {
  return { phase, verb: "patch", kind: kinds.deployment, name, uid: `${name}-uid`, body: { spec: { replicas: 1 } } };
}

/** In no order: the phases alone say it. */
const writes = [write("release", "c"), write("prepare", "a1"), write("route", "b"), write("prepare", "a2")];

/** Begin and end of each write, and the status that was told at last. */
async function applied(refused: readonly string[] = []): Promise<{ log: string[]; moved: boolean | undefined }> {
  const log: string[] = [];
  let moved: boolean | undefined;
  const patch = async (_kind: unknown, _namespace: unknown, name: string): Promise<object> => {
    log.push(`${name} begins`);
    await setImmediate();
    if (refused.includes(name)) throw new ApiError({ status: 422, reason: "Invalid", message: "no" });
    log.push(`${name} ends`);
    return { metadata: {} };
  };
  const plan: Plan = {
    writes,
    announcements: () => [],
    status: (outcome) => {
      moved = outcome.moved;
      return { currentVersion: "v2" };
    },
    why: [],
    wakeAfterMs: undefined,
  };
  await apply(model, plan, {
    client: { patch } as unknown as Client,
    staleness: { wrote: () => undefined, removed: () => undefined, unseen: () => [], forget: () => undefined },
    events: { record: () => undefined, stop: () => Promise.resolve() },
    signal: AbortSignal.timeout(10_000),
  });
  return { log, moved };
}

test("a phase begins when the one before it has ended, its writes go side by side, and status comes last", async () => {
  const { log, moved } = await applied();
  assert.deepEqual(
    [log.slice(0, 2), log.slice(2, 4).toSorted(), log.slice(4)],
    [
      ["a1 begins", "a2 begins"],
      ["a1 ends", "a2 ends"],
      ["b begins", "b ends", "c begins", "c ends", "demo begins", "demo ends"],
    ],
  );
  assert.equal(moved, true);
});

test("where the new traffic could not be prepared, nothing is turned or released, and status is told so", async () => {
  const { log, moved } = await applied(["a1"]);
  assert.ok(!log.some((line) => line.startsWith("b ") || line.startsWith("c ")), log.join("; "));
  assert.equal(moved, false);
});

test("a note that is refused is told as such, and holds nothing up", async () => {
  const created = { metadata: { name: "a", uid: "u", resourceVersion: "1" }, spec: { on: undefined } };
  const desired = { metadata: { name: "a" }, spec: { on: false } };
  const intent = { desired, options: { exact: [], absent: [] }, written: undefined };
  const log: string[] = [];
  let told: Outcome | undefined;
  const plan: Plan = {
    writes: [
      { phase: "prepare", verb: "create", kind: kinds.deployment, name: "a", body: desired, intent },
      write("release", "b"),
    ],
    announcements: () => [],
    status: (outcome) => {
      told = outcome;
      return { currentVersion: "v2" };
    },
    why: [],
    wakeAfterMs: undefined,
  };
  const client = {
    create: () => Promise.resolve(created),
    patch: (_kind: unknown, _namespace: unknown, name: string) => {
      log.push(name);
      return name === "a"
        ? Promise.reject(new ApiError({ status: 422, reason: "Invalid", message: "no notes" }))
        : Promise.resolve({ metadata: {} });
    },
  };
  const problems = await apply(model, plan, {
    client: client as unknown as Client,
    staleness: { wrote: () => undefined, removed: () => undefined, unseen: () => [], forget: () => undefined },
    events: { record: () => undefined, stop: () => Promise.resolve() },
    signal: AbortSignal.timeout(10_000),
  });
  assert.deepEqual(log, ["a", "b", "demo"], "what comes after it was done");
  assert.equal(told?.moved, true);
  assert.match(problems[0]?.message ?? "", /^the API server makes something else of Deployment\/a .* no notes$/);
});
