import assert from "node:assert/strict";
import { test } from "node:test";
import { sleep } from "../clock.ts";
import { ApiError, TransportError } from "../transport/errors.ts";
import { createMetrics } from "../metrics.ts";
import { createReflector, type Reflector } from "./reflector.ts";
import type { Change } from "./store.ts";
import { createManualClock, type ManualClock } from "../test-clock.ts";
import { createMemoryLog, type MemoryLog } from "../test-log.ts";
import type { Query, Transport, WatchEvent } from "../transport/transport.ts";

const pods = { group: "", version: "v1", plural: "pods", kind: "Pod" };

const object = (name: string, version: number, uid = name): object => ({
  metadata: { name, namespace: "ns", uid, resourceVersion: String(version), creationTimestamp: "2026-01-01T00:00:00Z" },
});
const event = (type: WatchEvent["type"], name: string, version: number, uid?: string): WatchEvent => ({
  type,
  object: object(name, version, uid),
});
const bookmark = (version: number): WatchEvent => ({
  type: "BOOKMARK",
  object: { metadata: { resourceVersion: String(version) } },
});
const expired: WatchEvent = { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } };

const api = (status: number, more: object = {}): ApiError =>
  new ApiError({ status, reason: "R", message: "m", ...more });

/** Lists and watches that do as the test says, in the order in which they are asked for. */
interface Script {
  readonly transport: Transport;
  /** `list` or `watch@resourceVersion/timeoutSeconds` of each request so far. */
  readonly asked: string[];
  lists: (readonly object[] | Error)[];
  watches: AsyncGenerator<WatchEvent, void, undefined>[];
}

function createScript(): Script {
  let version = 100;
  const script: Script = {
    asked: [],
    lists: [],
    watches: [],
    transport: {
      request: <T>() => {
        script.asked.push("list");
        const items = script.lists.shift() ?? [];
        if (items instanceof Error) return Promise.reject(items);
        return Promise.resolve({ metadata: { resourceVersion: String(version++) }, items } as T);
      },
      async *watch({ query, signal, idleMs }, opened) {
        const { resourceVersion, timeoutSeconds } = query as Query;
        script.asked.push(`watch@${resourceVersion}/${timeoutSeconds}`);
        assert.equal(idleMs, 40_000);
        const next = script.watches.shift();
        if (next === undefined) {
          opened?.();
          await new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error));
          });
          return;
        }
        opened?.();
        yield* next;
      },
      close: () => Promise.resolve(),
    },
  };
  return script;
}

async function* events(...parts: readonly (WatchEvent | Error)[]): AsyncGenerator<WatchEvent, void, undefined> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield await Promise.resolve(part);
  }
}

interface Running {
  readonly reflector: Reflector<string>;
  readonly script: Script;
  readonly clock: ManualClock;
  readonly log: MemoryLog;
  readonly changes: string[];
}

async function withReflector(
  prepare: (script: Script, clock: ManualClock) => void,
  run: (running: Running) => Promise<void>,
  onChange: (change: Change<string>, reflector: Reflector<string>) => void = () => undefined,
): Promise<void> {
  const script = createScript();
  const clock = createManualClock();
  prepare(script, clock);
  const log = createMemoryLog();
  const changes: string[] = [];
  const reflector: Reflector<string> = createReflector<string>({
    transport: script.transport,
    resource: pods,
    project: ({ metadata }) => `${metadata.uid}@${metadata.resourceVersion}`,
    onChange: (change) => {
      changes.push(`${change.kind} ${change.key}`);
      onChange(change, reflector);
    },
    clock,
    random: () => 0,
    log,
    metrics: createMetrics(),
  });
  reflector.start();
  await clock.advance(0);
  await run({ reflector, script, clock, log, changes });
  await reflector.stop();
  assert.equal(clock.pending(), 0, "no timer is left");
}

test("lists, then watches from there; bookmarks move the place, the regular end goes on from it", async () => {
  await withReflector(
    (script) => {
      script.lists = [[object("a", 1)]];
      script.watches = [
        events(event("ADDED", "b", 101), event("MODIFIED", "a", 102), event("DELETED", "b", 103), bookmark(200)),
      ];
    },
    async ({ reflector, script, clock, changes }) => {
      assert.ok(reflector.synced());
      await clock.advance(100);
      assert.deepEqual(script.asked, ["list", "watch@100/300", "watch@200/300"]);
      assert.deepEqual(changes, ["added ns/a", "added ns/b", "changed ns/a", "removed ns/b"]);
      assert.deepEqual(reflector.list(), ["a@102"]);
      assert.equal(reflector.get("ns", "a"), "a@102");
      assert.deepEqual(reflector.identity("ns", "a")?.uid, "a");
      assert.equal(reflector.lastResourceVersion(), "200");
    },
  );
});

test("is not synced before the first list, goes on trying, and then tells those who wait", async () => {
  await withReflector(
    (script) => {
      const away = new TransportError("ECONNREFUSED", "refused");
      script.lists = [
        away,
        away,
        new ApiError({ status: 500, reason: "InternalError", message: "m" }),
        [object("a", 1)],
      ];
    },
    async ({ reflector, script, clock }) => {
      let told = false;
      const waiting = reflector.whenSynced().then(() => (told = true));
      await clock.advance(149);
      assert.deepEqual([reflector.synced(), told, script.asked.length], [false, false, 2]);
      await clock.advance(201);
      await waiting;
      assert.ok(reflector.synced());
      assert.deepEqual(script.asked, ["list", "list", "list", "list", "watch@100/300"]);
    },
  );
});

test("whenSynced ends with its signal, and with the reflector", async () => {
  await withReflector(
    (script) => {
      script.lists = [new TransportError("ECONNREFUSED", "refused")];
    },
    async ({ reflector }) => {
      const reason = new Error("enough");
      await assert.rejects(reflector.whenSynced(AbortSignal.abort(reason)), reason);
      const abort = new AbortController();
      const first = assert.rejects(reflector.whenSynced(abort.signal), reason);
      abort.abort(reason);
      await first;
      const second = assert.rejects(reflector.whenSynced(), /was stopped/);
      await reflector.stop();
      await second;
    },
  );
});

test("a broken watch goes on from its last event, soon at first and more slowly each time", async () => {
  const reset = new TransportError("ECONNRESET", "reset");
  await withReflector(
    (script) => {
      script.watches = [events(event("ADDED", "a", 105), reset), ...Array.from({ length: 9 }, () => events(reset))];
    },
    async ({ script, clock, reflector }) => {
      const at: number[] = [];
      for (let count = script.asked.length; script.asked.length < 11; ) {
        await clock.advance(10);
        if (script.asked.length > count) {
          at.push(clock.monotonic());
          count = script.asked.length;
        }
      }
      const pauses = at.map((time, index) => time - (at[index - 1] ?? 0));
      assert.deepEqual(pauses, [50, 100, 200, 400, 800, 1600, 3000, 3000, 3000]);
      assert.ok(script.asked.slice(2).every((asked) => asked === "watch@105/300"));
      assert.equal(reflector.get("ns", "a"), "a@105");
    },
  );
});

test("410, as an answer or inside the stream, lists again; what changed meanwhile is reported, by uid", async () => {
  for (const gone of [expired, new ApiError({ status: 410, reason: "Gone", message: "m" })]) {
    await withReflector(
      (script) => {
        script.lists = [
          [object("again", 1, "first"), object("gone", 2), object("kept", 3)],
          [object("again", 9, "second"), object("kept", 3)],
        ];
        script.watches = [events(gone)];
      },
      async ({ script, clock, changes }) => {
        await clock.advance(50);
        assert.deepEqual(script.asked, ["list", "watch@100/300", "list", "watch@101/300"]);
        assert.deepEqual(changes.slice(3), ["removed ns/gone", "removed ns/again", "added ns/again"]);
      },
    );
  }
});

test("410 after a watch that was a good one lists at once, however long the pauses have become", async () => {
  const reset = new TransportError("ECONNRESET", "reset");
  async function* lasting(clock: ManualClock): AsyncGenerator<WatchEvent, void, undefined> {
    yield bookmark(150);
    await sleep(clock, 1_000);
    throw reset;
  }
  await withReflector(
    (script, clock) => {
      script.watches = [
        lasting(clock),
        ...Array.from({ length: 9 }, () => events(reset)),
        events(expired),
        events(expired),
      ];
    },
    async ({ script, clock }) => {
      while (script.asked.length < 12) await clock.advance(10);
      assert.deepEqual(script.asked.slice(11), ["watch@150/300", "list", "watch@101/300"]);
      await clock.advance(2_900);
      assert.equal(script.asked.length, 14, "but told 410 straight after a list it waits");
      await clock.advance(100);
      assert.deepEqual(script.asked.slice(14), ["list", "watch@102/300"]);
    },
  );
});

test("what cannot be read, is refused, or is ahead of the server lists again; a busy server is only asked later", async () => {
  const rows: readonly (readonly [error: Error, next: string])[] = [
    [new TransportError("NotJson", "m"), "list"],
    [new TransportError("TooLarge", "m"), "list"],
    [api(400), "list"],
    [api(404), "list"],
    [api(504, { causes: [{ reason: "ResourceVersionTooLarge" }] }), "list"],
    [api(500), "watch@100/300"],
    [api(429), "watch@100/300"],
    [new TransportError("Cut", "m"), "watch@100/300"],
  ];
  for (const [error, next] of rows) {
    await withReflector(
      (script) => {
        script.watches = [events(error)];
      },
      async ({ script, clock }) => {
        await clock.advance(50);
        assert.equal(script.asked[2], next, error.message);
      },
    );
  }
});

test("an event without an identity lists again instead of going into the cache", async () => {
  await withReflector(
    (script) => {
      script.watches = [events({ type: "ADDED", object: { metadata: { resourceVersion: "5" } } })];
    },
    async ({ script, clock, reflector }) => {
      await clock.advance(50);
      assert.deepEqual(script.asked.slice(2, 3), ["list"]);
      assert.equal(reflector.size(), 0);
    },
  );
});

test("Retry-After of a refused watch is kept", async () => {
  await withReflector(
    (script) => {
      script.watches = [
        events(new ApiError({ status: 429, reason: "TooManyRequests", message: "m", retryAfterSeconds: 7 })),
      ];
    },
    async ({ script, clock }) => {
      await clock.advance(6_999);
      assert.equal(script.asked.length, 2);
      await clock.advance(1);
      assert.equal(script.asked.length, 3);
    },
  );
});

test("after a silence the next watches are short until an event comes; a second silence is worth a warning", async () => {
  const silence = new TransportError("Timeout", "silent");
  await withReflector(
    (script) => {
      script.watches = [events(silence), events(bookmark(150)), events(silence), events(event("ADDED", "a", 160))];
    },
    async ({ script, clock, log }) => {
      await clock.advance(1_000);
      assert.deepEqual(script.asked.slice(1), [
        "watch@100/300",
        "watch@100/30",
        "watch@150/30",
        "watch@150/30",
        "watch@160/300",
      ]);
      assert.deepEqual(
        log.lines.map(({ level }) => level),
        ["debug", "warn"],
      );
    },
  );
});

test("a handler that throws is logged and counted, and stops nothing", async () => {
  await withReflector(
    (script) => {
      script.lists = [[object("a", 1), object("b", 2)]];
      script.watches = [events(event("MODIFIED", "a", 101), event("ADDED", "c", 102))];
    },
    async ({ reflector, log, changes }) => {
      assert.deepEqual(changes, ["added ns/a", "added ns/b", "changed ns/a", "added ns/c"]);
      assert.equal(reflector.size(), 3);
      assert.equal(log.lines.filter(({ level }) => level === "error").length, 4);
    },
    () => {
      throw new Error("broken handler");
    },
  );
});

test("a stop during the pause before a reconnect opens no watch afterwards", async () => {
  await withReflector(
    (script) => {
      script.watches = [events(new TransportError("ECONNRESET", "reset"))];
    },
    async ({ reflector, script, clock }) => {
      assert.equal(script.asked.length, 2);
      await reflector.stop();
      await clock.advance(60_000);
      assert.equal(script.asked.length, 2);
      assert.throws(() => reflector.start(), /was stopped/);
    },
  );
});

test("a stop between two events handles no more of them", async () => {
  let stopping: Promise<void> | undefined;
  await withReflector(
    (script) => {
      script.watches = [events(event("ADDED", "a", 101), event("ADDED", "b", 102))];
    },
    async ({ clock, changes, script }) => {
      await clock.advance(1_000);
      await stopping;
      assert.deepEqual(changes, ["added ns/a"]);
      assert.deepEqual(script.asked, ["list", "watch@100/300"]);
    },
    (_change, reflector) => {
      stopping = reflector.stop();
    },
  );
});

test("starting twice is starting once", async () => {
  await withReflector(
    () => undefined,
    async ({ reflector, script, clock }) => {
      reflector.start();
      await clock.advance(10);
      assert.equal(script.asked.filter((asked) => asked === "list").length, 1);
    },
  );
});

test("lag is 0 while a watch is open and grows while none is", async () => {
  await withReflector(
    (script) => {
      script.watches = [events(new ApiError({ status: 429, reason: "R", message: "m", retryAfterSeconds: 20 }))];
    },
    async ({ reflector, clock }) => {
      await clock.advance(15_000);
      assert.equal(reflector.lagMs(), 15_000);
      await clock.advance(6_000);
      assert.equal(reflector.lagMs(), 0);
    },
  );
});
