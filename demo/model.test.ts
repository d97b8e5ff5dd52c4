import assert from "node:assert/strict";
import { test } from "node:test";
import type { Condition, Model, Status } from "../operator/api/model.ts";
import { specOf } from "../test/fixtures/spec.ts";
import { hasReached, progressOf, stalledBecause } from "./model.ts";

const spec = specOf({ replicas: 2 });

test("a model without status is waiting for the operator", () => {
  assert.equal(progressOf(model()), "waiting for the operator to take note");
  assert.equal(hasReached(model(), "v1"), false);
});

test("progress tells who serves, how many are ready, and why it is not done", () => {
  const status = { readyReplicas: 1, conditions: [condition("Ready", "False", "Starting", "one pod loads the model")] };
  assert.equal(
    progressOf(model(status)),
    "nothing serves yet, 1 of 2 pods in service ready, Ready=False Starting: one pod loads the model",
  );
});

test("a model that is ready says so without its message", () => {
  const status = {
    currentVersion: "v1",
    readyReplicas: 2,
    conditions: [condition("Ready", "True", "Reached", "nothing to do")],
  };
  assert.equal(progressOf(model(status)), "v1 serves, 2 of 2 pods in service ready, Ready=True Reached");
});

const done = {
  observedGeneration: 3,
  currentVersion: "v1",
  readyReplicas: 2,
  conditions: [condition("Ready", "True", "Reached", "")],
};

const reached: readonly { readonly what: string; readonly status: Status; readonly is: boolean }[] = [
  { what: "Ready for this generation and version", status: done, is: true },
  { what: "Ready for an older generation", status: { ...done, observedGeneration: 2 }, is: false },
  { what: "Ready with another version", status: { ...done, currentVersion: "v0" }, is: false },
  { what: "Ready with a pod to come", status: { ...done, readyReplicas: 1 }, is: false },
  { what: "not Ready", status: { ...done, conditions: [condition("Ready", "False", "Starting", "")] }, is: false },
];

for (const { what, status, is } of reached) {
  test(`${what} has ${is ? "" : "not "}reached its spec`, () => assert.equal(hasReached(model(status), "v1"), is));
}

test("a stalled model says what it waits for", () => {
  const stalled = { conditions: [condition("Stalled", "True", "NameTaken", "Service m belongs to somebody else")] };
  assert.equal(stalledBecause(model(stalled)), "NameTaken: Service m belongs to somebody else");
  assert.equal(stalledBecause(model(done)), undefined);
});

function model(status?: Status): Model {
  const metadata = { name: "m", namespace: "default", uid: "1", resourceVersion: "1", generation: 3 };
  return { metadata, spec, ...(status === undefined ? {} : { status }) };
}

function condition(type: string, status: Condition["status"], reason: string, message: string): Condition {
  return { type, status, reason, message, lastTransitionTime: "2026-01-01T00:00:00Z" };
}
