import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "./transport/client.ts";
import { ApiError, LostLeaseError, TransportError } from "./transport/errors.ts";
import { createEventRecorder, stopMs } from "./events.ts";
import { createMetrics } from "./metrics.ts";
import type { KubeObject } from "./transport/resources.ts";
import { createManualClock } from "./test-clock.ts";
import { createMemoryLog } from "./test-log.ts";

const subject = { apiVersion: "slipway.dev/v1alpha1", kind: "ModelDeployment", namespace: "ns", name: "m", uid: "u" };
const content = { type: "Normal", reason: "Started", message: "it began" } as const;

interface Written {
  readonly note?: string;
  readonly metadata?: { readonly name: string };
  readonly series?: { readonly count: number };
}

const unused = (): never => assert.fail("an event recorder only creates and patches");

function setUp(fail: () => Error | undefined = () => undefined, silent = false) {
  const clock = createManualClock();
  const log = createMemoryLog();
  const metrics = createMetrics();
  const writes: { readonly verb: "create" | "patch"; readonly name: string; readonly body: Written }[] = [];
  const answer = <T extends KubeObject>(verb: "create" | "patch", name: string, body: Written): Promise<T> => {
    writes.push({ verb, name, body });
    if (silent) return new Promise(() => undefined);
    const error = fail();
    return error === undefined ? Promise.resolve({} as T) : Promise.reject(error);
  };
  const client: Client = {
    create: (_resource, object) => answer("create", object.metadata.name, object as Written),
    patch: (_resource, _namespace, name, body) => answer("patch", name, body as Written),
    get: unused,
    list: unused,
    remove: unused,
  };
  const recorder = createEventRecorder({
    client,
    controller: "slipway.dev/operator",
    instance: "pod",
    clock,
    random: () => 0.5,
    log,
    metrics,
  });
  return { clock, log, metrics, writes, recorder };
}

test("repeats are counted in one object, written every ten seconds", async () => {
  const { recorder, writes, clock } = setUp();
  for (let repeat = 0; repeat < 5; repeat++) recorder.record(subject, content);
  await clock.advance(9_999);
  assert.deepEqual(
    writes.map(({ verb }) => verb),
    ["create"],
  );
  await clock.advance(1);
  assert.deepEqual(
    writes.map(({ verb, body }) => [verb, body.series?.count]),
    [
      ["create", undefined],
      ["patch", 5],
    ],
  );
  assert.equal(writes[0]?.name, writes[1]?.name);
  await clock.advance(60_000);
  assert.equal(writes.length, 2, "no repeat, no write");
  await recorder.stop();
  assert.equal(clock.pending(), 0);
});

test("another message, reason, type or subject is another event", async () => {
  const { recorder, writes, clock } = setUp();
  recorder.record(subject, content);
  recorder.record(subject, { ...content, message: "other" });
  recorder.record(subject, { ...content, reason: "Other" });
  recorder.record(subject, { ...content, type: "Warning" });
  recorder.record({ ...subject, uid: "u2" }, content);
  await clock.advance(0);
  assert.equal(writes.length, 5);
  await recorder.stop();
});

test("a repeat after the series has ended is a new event", async () => {
  const { recorder, writes, clock } = setUp();
  recorder.record(subject, content);
  await clock.advance(360_001);
  recorder.record(subject, content);
  await clock.advance(0);
  assert.deepEqual(
    writes.map(({ verb }) => verb),
    ["create", "create"],
  );
  await recorder.stop();
});

test("one subject gets a burst of 25 and then one in five minutes; another is not touched by it", async () => {
  const { recorder, writes, clock, metrics } = setUp();
  for (let index = 0; index < 40; index++) {
    recorder.record(subject, { ...content, message: `m${index}` });
    await clock.advance(0);
  }
  assert.equal(writes.length, 25);
  assert.match(await metrics.registry.metrics(), /event_recorder_lost_total\{reason="rate"\} 15/);
  recorder.record({ ...subject, uid: "other" }, content);
  await clock.advance(300_000);
  recorder.record(subject, { ...content, message: "later" });
  await clock.advance(0);
  assert.equal(writes.length, 27);
  await recorder.stop();
});

test("a failed write is logged and counted, never thrown, and tried again with the next flush, three times", async () => {
  let error: Error | undefined = new TransportError("ECONNRESET", "m");
  const { recorder, writes, clock, log, metrics } = setUp(() => error);
  recorder.record(subject, content);
  recorder.record(subject, content);
  await clock.advance(10_000);
  error = undefined;
  await clock.advance(20_000);
  const counts = (): unknown[] => writes.map(({ verb, body }) => [verb, body.series?.count]);
  assert.deepEqual(counts(), [
    ["create", undefined],
    ["create", undefined],
    ["create", undefined],
    ["patch", 2],
  ]);
  assert.equal(new Set(writes.map(({ name }) => name)).size, 1, "the same name: done twice is done once");
  assert.equal(log.lines.length, 2);
  assert.match(await metrics.registry.metrics(), /event_recorder_lost_total\{reason="error"\} 2/);

  error = new TransportError("ECONNRESET", "m");
  recorder.record(subject, content);
  await clock.advance(60_000);
  assert.equal(writes.length, 7, "given up after three");
  error = undefined;
  recorder.record(subject, content);
  await clock.advance(0);
  assert.deepEqual(counts().slice(7), [["create", undefined]]);
  await recorder.stop();
});

test("an answer that was lost is no second event: that it exists already is success", async () => {
  let error: Error | undefined = new TransportError("ECONNRESET", "m");
  const { recorder, writes, clock } = setUp(() => error);
  recorder.record(subject, content);
  await clock.advance(0);
  error = new ApiError({ status: 409, reason: "AlreadyExists", message: "m" });
  await clock.advance(10_000);
  error = undefined;
  await clock.advance(60_000);
  assert.equal(writes.length, 2);
  await recorder.stop();
});

for (const error of [new LostLeaseError(), new ApiError({ status: 403, reason: "Forbidden", message: "m" })]) {
  test(`what can only fail again (${error.name}) is forgotten at once, and its next repeat tries again`, async () => {
    let failing = true;
    const { recorder, writes, clock, log } = setUp(() => (failing ? error : undefined));
    recorder.record(subject, content);
    await clock.advance(60_000);
    assert.deepEqual([writes.length, log.lines.length, clock.pending()], [1, 1, 0]);
    failing = false;
    recorder.record(subject, content);
    await clock.advance(0);
    assert.equal(writes.length, 2);
    await recorder.stop();
  });
}

test("an event that was deleted meanwhile is begun anew, without a complaint", async () => {
  let error: Error | undefined;
  const { recorder, writes, clock, log } = setUp(() => error);
  recorder.record(subject, content);
  recorder.record(subject, content);
  await clock.advance(0);
  error = new ApiError({ status: 404, reason: "NotFound", message: "m" });
  await clock.advance(10_000);
  error = undefined;
  recorder.record(subject, content);
  await clock.advance(0);
  assert.deepEqual(
    writes.map(({ verb }) => verb),
    ["create", "patch", "create"],
  );
  assert.deepEqual(log.lines, []);
  await recorder.stop();
});

test("a message is cut at the API's bound, not inside a character", async () => {
  const { recorder, writes, clock } = setUp();
  recorder.record(subject, { ...content, message: `x${"€".repeat(2_000)}` });
  await clock.advance(0);
  const note = writes[0]?.body.note ?? "";
  assert.ok(Buffer.byteLength(note) <= 1024 && Buffer.byteLength(note) > 1000, String(Buffer.byteLength(note)));
  assert.match(note, /^x€+…$/u);
  await recorder.stop();
});

test("stop writes the counts that are outstanding and then takes nothing more", async () => {
  const { recorder, writes, clock } = setUp();
  recorder.record(subject, content);
  recorder.record(subject, content);
  await recorder.stop();
  assert.deepEqual(
    writes.map(({ verb, body }) => [verb, body.series?.count]),
    [
      ["create", undefined],
      ["patch", 2],
    ],
  );
  recorder.record(subject, content);
  await clock.advance(60_000);
  assert.equal(writes.length, 2);
});

test("stop does not wait for an API that does not answer", async () => {
  const { recorder, clock } = setUp(() => undefined, true);
  recorder.record(subject, content);
  const stopped = recorder.stop();
  await clock.advance(stopMs);
  await stopped;
  assert.equal(clock.pending(), 0);
});
