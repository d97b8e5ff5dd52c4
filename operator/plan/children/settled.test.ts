import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mergePatch } from "../../../cli/plan/merge-patch.ts";
import { type Json, type JsonObject, stringsAt } from "../../api/json.ts";
import { kinds } from "../../api/kinds.ts";
import { type ChildInputs, type ChildPlan, planChild, type Write } from "./children.ts";
import type { ObservedChild } from "../observed.ts";
import { type Aftermath, afterWrite } from "./settled.ts";

const now = Date.UTC(2026, 0, 1);

/** An API server that makes of every object what `make` says, and keeps who wrote nothing. */
function cluster(make: (object: JsonObject) => JsonObject) {
  let child: ObservedChild | undefined;
  const store = (object: JsonObject, byOthers = false): void => {
    const { metadata, ...rest } = make(object);
    const before = child;
    child = {
      name: "demo",
      uid: "uid",
      deleting: false,
      object: { ...rest, metadata: metadata ?? {} },
      rival: undefined,
      replicaFailure: undefined,
    };
    // Whoever changes it last has written it.
    const isChanged = before === undefined || noteOf(before) !== noteOf(child);
    child = { ...child, notedByOthers: isChanged ? byOthers : before?.notedByOthers === true };
  };
  const perform = (write: Write | undefined): Aftermath | undefined => {
    if (write === undefined || write.verb === "delete") return undefined;
    store(write.verb === "create" ? write.body : mergePatch(child?.object ?? {}, write.body));
    if (write.intent === undefined || child === undefined) return undefined;
    const after = afterWrite(write.intent, child);
    if (after.note !== undefined) {
      store(mergePatch(child.object, { metadata: { annotations: { "slipway.dev/settled": after.note } } }));
    }
    return after;
  };
  return {
    pass: (desired: JsonObject, change: Partial<ChildInputs> = {}): ChildPlan & { after: Aftermath | undefined } => {
      const plan = planChild({
        kind: kinds.deployment,
        phase: "prepare",
        desired: { metadata: { name: "demo" }, ...desired },
        observed: child,
        drift: [],
        now,
        ...change,
      });
      return { ...plan, after: perform(plan.write) };
    },
    edit: (patch: JsonObject) => store(mergePatch(child?.object ?? {}, patch), true),
    object: () => child?.object ?? {},
  };
}

function noteOf({ object }: ObservedChild): string | undefined {
  return stringsAt(object, "metadata", "annotations")["slipway.dev/settled"];
}

/** Leaves out what is false, as the API server does with fields that have no pointer. */
function withoutFalse(object: JsonObject): JsonObject {
  return mapped(object, (value) => (value === false ? undefined : value)) as JsonObject;
}

test("a zero value that the API server leaves out is written once, and is nobody's edit", () => {
  const api = cluster(withoutFalse);
  const desired = { spec: { hostNetwork: false, replicas: 1 } };
  assert.equal(api.pass(desired).write?.verb, "create");
  assert.deepEqual(api.pass(desired), { write: undefined, contests: [], after: undefined });
});

test("what is settled stays so when another field of the plan changes, and is not written again with it", () => {
  const api = cluster((object) => mergePatch(object, { spec: { image: "mirror/one" } }));
  api.pass({ spec: { image: "one", replicas: 1 } });
  const { write } = api.pass({ spec: { image: "one", replicas: 2 } });
  assert.deepEqual(write?.verb === "patch" && write.body["spec"], { replicas: 2 });
  assert.equal(api.pass({ spec: { image: "one", replicas: 2 } }).write, undefined);
});

test("another wish for a settled field is written", () => {
  const api = cluster((object) => mergePatch(object, { spec: { image: "mirror/one" } }));
  api.pass({ spec: { image: "one" } });
  const { write } = api.pass({ spec: { image: "two" } });
  assert.deepEqual(write?.verb === "patch" && write.body["spec"], { image: "two" });
  assert.equal(api.pass({ spec: { image: "two" } }).write, undefined);
});

test("somebody's edit of a settled field is put back to what the API server makes of ours, and counted", () => {
  const api = cluster((object) => {
    const spec = object["spec"] as JsonObject;
    return spec["image"] === "one" ? mergePatch(object, { spec: { image: "mirror/one" } }) : object;
  });
  api.pass({ spec: { image: "one" } });
  api.edit({ spec: { image: "theirs" } });
  const { write, contests, after } = api.pass({ spec: { image: "one" } });
  assert.equal(write?.verb, "patch");
  assert.equal(contests.length, 1);
  assert.deepEqual(after, { note: undefined, unchanged: [] });
  assert.deepEqual((api.object()["spec"] as JsonObject)["image"], "mirror/one");
  assert.equal(api.pass({ spec: { image: "one" } }).write, undefined);
});

test("after a pass that ended before its note was written, one write that changes nothing finds it out again", () => {
  const api = cluster(withoutFalse);
  const desired = { spec: { hostNetwork: false } };
  api.pass(desired);
  api.edit({ metadata: { annotations: { "slipway.dev/settled": null } } });
  const again = api.pass(desired);
  assert.equal(again.write?.verb, "patch");
  assert.deepEqual(again.after?.unchanged, ["spec.hostNetwork"], "so that it is told to be nobody's");
  assert.equal(api.pass(desired).write, undefined);
});

test("a field that is left to a rival for now is not settled by a write of others", () => {
  const api = cluster((object) => object);
  const desired = { spec: { image: "one", replicas: 1 } };
  api.pass(desired);
  api.edit({ spec: { image: "theirs", replicas: 5 } });
  const times = ["2025-12-31T23:59:57Z", "2025-12-31T23:59:58Z", "2025-12-31T23:59:59Z"];
  const drift = [{ object: "Deployment/demo", field: "spec.image", times }];
  assert.equal(api.pass(desired, { drift }).write?.verb, "patch");
  assert.equal((api.object()["spec"] as JsonObject)["replicas"], 1);
  const later = api.pass(desired);
  assert.deepEqual(later.write?.verb === "patch" && later.write.body, { spec: { image: "one" } });
});

test("a note of somebody else's hand hides no edit, whatever its words", () => {
  const api = cluster((object) => object);
  const desired = { spec: { image: "one" } };
  api.pass(desired);
  // As one that has read settled.ts would write it.
  const forged = cluster((object) => mergePatch(object, { spec: { image: "evil" } }));
  forged.pass(desired);
  const note = stringsAt(forged.object(), "metadata", "annotations")["slipway.dev/settled"] ?? "";
  api.edit({ spec: { image: "evil" }, metadata: { annotations: { "slipway.dev/settled": note } } });
  const { write, contests } = api.pass(desired);
  assert.deepEqual(write?.verb === "patch" && write.body["spec"], { image: "one" });
  assert.equal(contests.length, 1);
});

test("a note that a backup brought back is found out again, once", () => {
  const api = cluster(withoutFalse);
  const desired = { spec: { hostNetwork: false } };
  api.pass(desired);
  const note = stringsAt(api.object(), "metadata", "annotations")["slipway.dev/settled"] ?? "";
  api.edit({ metadata: { annotations: { "slipway.dev/settled": null } } });
  api.edit({ metadata: { annotations: { "slipway.dev/settled": note } } });
  assert.equal(api.pass(desired).write?.verb, "patch");
  assert.equal(api.pass(desired).write, undefined);
});

test("what is no news any more is taken out of the note, so that an edit to it is one again", () => {
  let mirrors = true;
  const api = cluster((object) => (mirrors ? mergePatch(object, { spec: { image: "mirror/one" } }) : object));
  const desired = { spec: { image: "one" } };
  api.pass(desired);
  mirrors = false;
  api.edit({ spec: { image: "one" } });
  assert.equal(api.pass(desired).write?.verb, "patch");
  assert.equal(stringsAt(api.object(), "metadata", "annotations")["slipway.dev/settled"], undefined);
  assert.equal(api.pass(desired).write, undefined);
  api.edit({ spec: { image: "mirror/one" } });
  assert.equal(api.pass(desired).contests.length, 1);
});

test("an annotation that somebody spoilt costs a write, and is made anew", () => {
  for (const spoilt of ["{", "[]", '{"spec.hostNetwork":1}', '{"spec.hostNetwork":"no hash"}']) {
    const api = cluster(withoutFalse);
    const desired = { spec: { hostNetwork: false } };
    api.pass(desired);
    api.edit({ metadata: { annotations: { "slipway.dev/settled": spoilt } } });
    assert.equal(api.pass(desired).write?.verb, "patch", spoilt);
    assert.equal(api.pass(desired).write, undefined, spoilt);
  }
});

const leaf = fc.oneof(fc.boolean(), fc.integer({ min: 0, max: 2 }), fc.constantFrom("", "x"));
const spec = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.oneof(leaf, fc.array(leaf, { maxLength: 2 })), {
  noNullPrototype: true,
});
/** What an API server may make of a value: another one, or nothing. */
const makings = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d", "e"), fc.option(leaf, { nil: undefined })), {
  maxLength: 4,
});

test("whatever the API server always makes of the same write, the second pass has nothing to do", () => {
  fc.assert(
    fc.property(fc.array(spec, { minLength: 1, maxLength: 4 }), makings, (wishes, rules) => {
      const api = cluster((object) => {
        const made: Record<string, Json | undefined> = { ...(object["spec"] as JsonObject | undefined) };
        for (const [name, value] of rules) {
          if (value === undefined) delete made[name];
          else made[name] = value;
        }
        return { ...object, spec: made };
      });
      for (const wish of wishes) {
        api.pass({ spec: wish });
        assert.deepEqual(api.pass({ spec: wish }), { write: undefined, contests: [], after: undefined });
      }
    }),
    { numRuns: 2000 },
  );
});

function mapped(value: Json | undefined, each: (value: Json) => Json | undefined): Json | undefined {
  if (value === undefined || value === null) return value;
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => mapped(item, each) ?? null);
  if (typeof value !== "object") return each(value);
  const entries = Object.entries(value).flatMap(([key, item]) => {
    const made = mapped(item, each);
    return made === undefined ? [] : [[key, made] as const];
  });
  return Object.fromEntries(entries);
}
