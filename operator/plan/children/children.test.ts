import assert from "node:assert/strict";
import { test } from "node:test";
import { isJsonObject, type JsonObject } from "../../api/json.ts";
import { kinds } from "../../api/kinds.ts";
import type { Drift } from "../../api/model.ts";
import { type ChildInputs, planChild } from "./children.ts";
import type { ObservedChild } from "../observed.ts";

const now = Date.UTC(2026, 0, 1, 0, 1);

function desired(replicas: number): JsonObject {
  return { metadata: { name: "demo", labels: { ours: "yes" } }, spec: { replicas, image: "one" } };
}

function inputs(change: Partial<ChildInputs>): ChildInputs {
  return {
    kind: kinds.deployment,
    phase: "prepare",
    desired: desired(1),
    observed: undefined,
    drift: [],
    now,
    ...change,
  };
}

/** The object as it is after the operator wrote `manifest`, with an edit by somebody else. */
function written(manifest: JsonObject, edit: (body: JsonObject) => JsonObject = (body) => body): ObservedChild {
  const { write } = planChild(inputs({ desired: manifest }));
  assert.equal(write?.verb, "create");
  return {
    name: "demo",
    uid: "uid",
    deleting: false,
    object: edit(write.body),
    rival: "rival",
    replicaFailure: undefined,
  };
}

function withSpec(body: JsonObject, change: JsonObject): JsonObject {
  return { ...body, spec: { ...(isJsonObject(body["spec"]) ? body["spec"] : {}), ...change } };
}

test("what is missing is created, and what is as it should be is left alone", () => {
  assert.equal(planChild(inputs({})).write?.verb, "create");
  assert.deepEqual(planChild(inputs({ observed: written(desired(1)) })), { write: undefined, contests: [] });
});

test("the keys of a body are sorted at every depth, and its lists are not", () => {
  const data = { b: [{ d: 1, c: 2 }, "a"], a: { z: 1, y: 2 } };
  const { write } = planChild(inputs({ desired: { metadata: { name: "demo" }, data } }));
  assert.equal(write?.verb, "create");
  assert.equal(JSON.stringify(write.body["data"]), '{"a":{"y":2,"z":1},"b":[{"c":2,"d":1},"a"]}');
});

test("what is being deleted is left alone", () => {
  const observed = { ...written(desired(2)), deleting: true };
  assert.equal(planChild(inputs({ observed })).write, undefined);
});

test("a change of plan is no quarrel, also on top of somebody's edit", () => {
  const observed = written(desired(1), (body) => withSpec(body, { image: "theirs" }));
  const { write, contests } = planChild(inputs({ desired: desired(3), observed }));
  assert.deepEqual(contests, []);
  assert.deepEqual(write?.verb === "patch" && write.body["spec"], { replicas: 3, image: "one" });
});

test("an edit is put back and remembered, with who it was", () => {
  const observed = written(desired(1), (body) => withSpec(body, { replicas: 5 }));
  const { write, contests } = planChild(inputs({ observed }));
  assert.deepEqual(write?.verb === "patch" && [write.uid, write.body], ["uid", { spec: { replicas: 1 } }]);
  assert.deepEqual(
    contests.map(({ correct, drift }) => [correct, drift]),
    [[true, { object: "Deployment/demo", field: "spec.replicas", manager: "rival", times: ["2026-01-01T00:01:00Z"] }]],
  );
});

test("a quarrel about one field leaves the others under our care", () => {
  const times = ["2026-01-01T00:00:50Z", "2026-01-01T00:00:51Z", "2026-01-01T00:00:52Z"];
  const drift: Drift[] = [{ object: "Deployment/demo", field: "spec.replicas", manager: "rival", times }];
  const alone = written(desired(1), (body) => withSpec(body, { replicas: 5 }));
  const left = planChild(inputs({ observed: alone, drift }));
  assert.equal(left.write, undefined);
  assert.deepEqual(
    left.contests.map(({ correct }) => correct),
    [false],
  );
  const both = written(desired(1), (body) => withSpec(body, { replicas: 5, image: "theirs" }));
  const { write, contests } = planChild(inputs({ observed: both, drift }));
  assert.deepEqual(write?.verb === "patch" && write.body, { spec: { image: "one" } });
  assert.deepEqual(
    contests.map(({ correct, drift: { field } }) => [field, correct]),
    [
      ["spec.image", true],
      ["spec.replicas", false],
    ],
  );
});

test("our bookkeeping is written with the plan and put back like any field", () => {
  const bare = written(desired(1), (body) => ({ ...body, metadata: { name: "demo", labels: { ours: "yes" } } }));
  const { write, contests } = planChild(inputs({ observed: bare }));
  assert.equal(write?.verb, "patch");
  assert.equal(contests.length, 1);
});
