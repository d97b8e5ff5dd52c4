import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { KubeObject } from "../transport/resources.ts";
import { type Change, type Store, createStore } from "./store.ts";

interface Item {
  readonly uid: string;
  readonly version: string;
  readonly color: string;
}

const object = (name: string, uid: string, version: number, color = "red"): KubeObject => ({
  metadata: {
    name,
    namespace: "ns",
    uid,
    resourceVersion: String(version),
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: { color },
  },
});

function setUp(): { readonly store: Store<Item>; readonly changes: Change<Item>[]; readonly defects: string[] } {
  const changes: Change<Item>[] = [];
  const defects: string[] = [];
  const store = createStore<Item>({
    project: ({ metadata }) => {
      const color = metadata.labels?.["color"] ?? "";
      if (color === "broken") throw new Error("cannot be projected");
      return { uid: metadata.uid, version: metadata.resourceVersion, color };
    },
    indexBy: { color: ({ color }) => [color] },
    onChange: (change) => void changes.push(change),
    onDefect: (key) => void defects.push(key),
  });
  return { store, changes, defects };
}

const replaceWith = (store: Store<Item>, objects: readonly KubeObject[]): void => {
  const replacement = store.replacement();
  for (const each of objects) replacement.take(each);
  replacement.commit();
};

test("an object made again under its name while nobody looked is removed, then added", () => {
  for (const arrive of [
    (store: Store<Item>, each: KubeObject) => store.put(each),
    (store: Store<Item>, each: KubeObject) => replaceWith(store, [each]),
  ]) {
    const { store, changes } = setUp();
    store.put(object("a", "first", 1));
    arrive(store, object("a", "second", 5));
    assert.deepEqual(
      changes.map(({ kind }) => kind),
      ["added", "removed", "added"],
    );
    assert.equal(changes[1]?.kind === "removed" && changes[1].before.uid, "first");
    assert.equal(store.get("ns/a")?.uid, "second");
  }
});

test("what is not newer changes nothing", () => {
  const { store, changes } = setUp();
  store.put(object("a", "u", 10, "red"));
  store.put(object("a", "u", 10, "blue"));
  store.put(object("a", "u", 9, "blue"));
  assert.equal(changes.length, 1);
  assert.deepEqual(store.indexed("color", "blue"), []);
});

test("a replacement reports only what differs", () => {
  const { store, changes } = setUp();
  for (const name of ["kept", "changed", "gone"]) store.put(object(name, name, 1));
  changes.length = 0;
  replaceWith(store, [object("kept", "kept", 1), object("changed", "changed", 2), object("new", "new", 3)]);
  assert.deepEqual(
    changes.map(({ kind, key }) => `${kind} ${key}`),
    ["removed ns/gone", "changed ns/changed", "added ns/new"],
  );
});

test("an object that cannot be projected is reported and left as it was; the others are not touched by it", () => {
  const { store, defects } = setUp();
  store.put(object("a", "u", 1, "red"));
  store.put(object("a", "u", 2, "broken"));
  store.put(object("new", "n", 3, "broken"));
  replaceWith(store, [object("a", "u", 4, "broken"), object("b", "v", 5, "blue")]);
  assert.deepEqual(defects, ["ns/a", "ns/new", "ns/a"]);
  assert.equal(store.get("ns/a")?.value.version, "1");
  assert.equal(store.size(), 2);
});

test("asking for an index that was not named says so", () => {
  assert.throws(() => setUp().store.indexed("size", "1"), /no index "size"/);
});

test("law: the cache and its index equal the last known state, and the changes lead there", () => {
  const name = fc.constantFrom("a", "b", "c");
  const color = fc.constantFrom("red", "blue");
  const step = fc.oneof(
    fc.record({ kind: fc.constant("put" as const), name, color, again: fc.boolean() }),
    fc.record({ kind: fc.constant("remove" as const), name }),
    fc.record({ kind: fc.constant("replace" as const), names: fc.uniqueArray(name), color, again: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { store, changes } = setUp();
      const state = new Map<string, KubeObject>();
      let version = 1;
      const make = (each: string, itsColor: string, again: boolean): KubeObject => {
        version += 1;
        const uid = again ? undefined : state.get(each)?.metadata.uid;
        const made = object(each, uid ?? `uid-${version}`, version, itsColor);
        state.set(each, made);
        return made;
      };
      for (const each of steps) {
        if (each.kind === "put") store.put(make(each.name, each.color, each.again));
        if (each.kind === "remove") {
          store.remove(object(each.name, "any", version + 1));
          state.delete(each.name);
        }
        if (each.kind === "replace") {
          for (const present of state.keys())
            if (!each.names.some((wanted) => wanted === present)) state.delete(present);
          replaceWith(
            store,
            each.names.map((wanted) => make(wanted, each.color, each.again)),
          );
        }
      }
      const expected = Array.from(state.values(), ({ metadata }) => metadata.uid).toSorted();
      assert.deepEqual(
        store
          .values()
          .map(({ uid }) => uid)
          .toSorted(),
        expected,
      );
      const indexed = ["red", "blue"].flatMap((value) => store.indexed("color", value));
      assert.deepEqual(indexed.map(({ uid }) => uid).toSorted(), expected);

      const replayed = new Map<string, string>();
      for (const change of changes) {
        assert.equal(replayed.has(change.key), change.kind !== "added");
        if (change.kind === "removed") replayed.delete(change.key);
        else replayed.set(change.key, change.now.uid);
        if (change.kind === "changed") assert.equal(change.now.uid, change.before.uid);
      }
      assert.deepEqual([...replayed.values()].toSorted(), expected);
    }),
  );
});
