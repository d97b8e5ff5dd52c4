import assert from "node:assert/strict";
import { test } from "node:test";
import { sleep } from "../clock.ts";
import { ApiError } from "../transport/errors.ts";
import { createElector } from "./lease.ts";
import { createMetrics } from "../metrics.ts";
import { createManualClock } from "../test-clock.ts";
import { createMemoryLog } from "../test-log.ts";
import type { Transport, TransportRequest, WatchEvent } from "../transport/transport.ts";

// What the API server does with Leases is tested against the real one; here time is the subject.

interface LeaseBody {
  readonly metadata: object;
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
}
type Answer = object | Error | "never";

const lease = (holderIdentity: string | undefined, renewal = 1): object => ({
  metadata: { name: "l", namespace: "ns", uid: "u", resourceVersion: String(renewal) },
  spec: { holderIdentity, leaseDurationSeconds: 15, renewTime: `renewal ${renewal}`, leaseTransitions: 3 },
});
const notFound = new ApiError({ status: 404, reason: "NotFound", message: "m" });
const conflict = new ApiError({ status: 409, reason: "Conflict", message: "m" });

function setUp() {
  const clock = createManualClock();
  const log = createMemoryLog();
  const asked: string[] = [];
  const told: string[] = [];
  /** What GET answers, and writes: a write's own body when undefined. */
  const server = {
    read: notFound as Answer,
    write: undefined as Answer | undefined,
    /** Between the arrival of a write and its answer. */
    writeMs: 0,
    send: undefined as ((event: WatchEvent) => void) | undefined,
  };
  const answered = (request: TransportRequest, answer: Answer): Promise<object> => {
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer !== "never") return Promise.resolve(answer);
    return new Promise((_resolve, reject) => {
      request.signal?.addEventListener("abort", () => reject(request.signal?.reason as Error));
      clock.setTimeout(() => reject(new Error("time limit")), request.timeoutMs ?? 0);
    });
  };
  const transport: Transport = {
    request: async <T>(request: TransportRequest) => {
      const body = request.body as LeaseBody | undefined;
      asked.push(body === undefined ? request.method : `${request.method} ${body.spec.holderIdentity ?? "nobody"}`);
      const written = { ...body, metadata: { name: "l", namespace: "ns", uid: "u", resourceVersion: "9" } };
      if (body !== undefined && server.writeMs > 0) await sleep(clock, server.writeMs);
      return (await answered(request, body === undefined ? server.read : (server.write ?? written))) as T;
    },
    async *watch({ signal }, opened) {
      asked.push("WATCH");
      opened?.();
      while (!signal.aborted) {
        yield await new Promise<WatchEvent>((resolve, reject) => {
          server.send = resolve;
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        });
      }
    },
    close: () => Promise.resolve(),
  };
  const elector = createElector({
    transport,
    namespace: "ns",
    name: "l",
    identity: "me",
    clock,
    random: () => 0,
    log,
    metrics: createMetrics(),
    onElected: () => void told.push(`elected at ${clock.monotonic()}`),
    onLost: () => void told.push(`lost at ${clock.monotonic()}`),
  });
  return { clock, asked, told, server, elector, log };
}

test("takes a lease that does not exist, renews it every two seconds, gives it back", async () => {
  const { clock, asked, told, server, elector } = setUp();
  assert.equal(elector.isLeader(), false);
  elector.start();
  await clock.advance(0);
  assert.ok(elector.isLeader());
  await clock.advance(4_000);
  assert.deepEqual(asked, ["GET", "POST me", "PUT me", "PUT me"]);
  server.read = lease("me", 9);
  const stopped = elector.stop();
  assert.equal(elector.isLeader(), false, "from the first moment of stop");
  await stopped;
  assert.deepEqual(asked.slice(4), ["GET", "PUT nobody"]);
  assert.deepEqual(told, ["elected at 0"]);
  assert.equal(clock.pending(), 0);
});

test("may not write any more ten seconds after it began its last renewal, though no answer came and no timer ran", async () => {
  const { clock, told, server, elector } = setUp();
  elector.start();
  await clock.advance(6_000); // renewed at 6,000
  server.write = "never";
  await clock.advance(9_999);
  assert.ok(elector.isLeader());
  assert.deepEqual(told, ["elected at 0"]);
  await clock.advance(1);
  assert.equal(elector.isLeader(), false);
  await clock.advance(1_000);
  assert.match(told[1] ?? "", /^lost at 16\d\d\d$/);
  await elector.stop();
});

test("time counts from the moment a renewal was begun, not from its answer: the others count from when it was stored", async () => {
  const { clock, server, elector } = setUp();
  server.writeMs = 1_500;
  elector.start();
  await clock.advance(1_500);
  assert.ok(elector.isLeader());
  server.write = "never";
  await clock.advance(8_499);
  assert.ok(elector.isLeader());
  await clock.advance(1);
  assert.equal(elector.isLeader(), false);
  await elector.stop();
});

test("a process that was stopped finds its lease over before any of its timers has run", async () => {
  let monotonic = 0;
  const frozen = { now: () => 0, monotonic: () => monotonic, setTimeout: () => () => undefined };
  const written = Promise.withResolvers<void>();
  const elector = createElector({
    transport: {
      request: <T>({ method }: TransportRequest) =>
        method === "GET" ? Promise.reject(notFound) : Promise.resolve(lease("me") as T),
      watch: () => assert.fail("a leader does not watch"),
      close: () => Promise.resolve(),
    },
    namespace: "ns",
    name: "l",
    identity: "me",
    clock: frozen,
    random: () => 0,
    log: createMemoryLog(),
    metrics: createMetrics(),
    onElected: written.resolve,
    onLost: () => undefined,
  });
  elector.start();
  await written.promise;
  assert.ok(elector.isLeader());
  monotonic = 10_000;
  assert.equal(elector.isLeader(), false);
});

test("a follower takes over fifteen seconds after the last renewal it saw, by its own clock, not before", async () => {
  const { clock, told, server, elector } = setUp();
  server.read = lease("other", 1);
  elector.start();
  await clock.advance(14_000);
  server.send?.({ type: "MODIFIED", object: lease("other", 2) });
  server.read = lease("other", 2);
  await clock.advance(14_999);
  assert.deepEqual(told, []);
  await clock.advance(2_001); // it looks again at least every two seconds once the time is over
  assert.equal(told.length, 1);
  assert.ok(elector.isLeader());
  await elector.stop();
});

test("a follower learns of a release at once", async () => {
  const { clock, asked, told, server, elector } = setUp();
  server.read = lease("other", 1);
  elector.start();
  await clock.advance(3_000);
  assert.deepEqual(asked, ["GET", "WATCH"], "nothing to ask while the watch is open");
  server.read = lease(undefined, 2);
  server.send?.({ type: "MODIFIED", object: lease(undefined, 2) });
  await clock.advance(0);
  assert.deepEqual(told, ["elected at 3000"]);
  assert.deepEqual(asked.slice(2), ["GET", "PUT me"]);
  await elector.stop();
});

test("a write that was accepted without an answer is recognised: the name in the lease is ours", async () => {
  const { clock, asked, told, server, elector } = setUp();
  server.read = lease("me", 1);
  elector.start();
  await clock.advance(0);
  assert.deepEqual(asked, ["GET", "PUT me"]);
  assert.equal(told.length, 1);
  await elector.stop();
});

test("who was slower than another candidate goes on following", async () => {
  const { clock, told, server, elector } = setUp();
  server.read = lease(undefined);
  server.write = conflict;
  elector.start();
  await clock.advance(0);
  server.read = lease("other", 5);
  server.write = undefined;
  await clock.advance(10_000);
  assert.deepEqual(told, []);
  await elector.stop();
});

test("a leader whose lease was taken by another process stops at once; edited by somebody else, it goes on", async () => {
  for (const holder of ["other", "me"]) {
    const { clock, told, server, elector } = setUp();
    elector.start();
    await clock.advance(1_000);
    server.write = conflict;
    server.read = lease(holder, 7);
    await clock.advance(1_000);
    server.write = undefined;
    assert.deepEqual(told.slice(1), holder === "other" ? ["lost at 2000"] : []);
    await clock.advance(1_000);
    assert.equal(elector.isLeader(), holder === "me");
    await elector.stop();
  }
});

test("a lease deleted under the leader is made again", async () => {
  const { clock, asked, told, server, elector } = setUp();
  elector.start();
  await clock.advance(1_000);
  server.write = notFound;
  await clock.advance(1_000);
  server.write = undefined;
  await clock.advance(1_000);
  assert.deepEqual(asked.slice(2), ["PUT me", "GET", "POST me"]);
  assert.equal(told.length, 1);
  await elector.stop();
});

test("a server that is away costs a try every half second until the deadline, and the lease only then", async () => {
  const { clock, told, server, elector, log } = setUp();
  elector.start();
  await clock.advance(0);
  server.write = new Error("away");
  await clock.advance(9_999);
  assert.ok(elector.isLeader());
  assert.equal(told.length, 1);
  await clock.advance(1);
  assert.deepEqual(told.slice(1), ["lost at 10000"]);
  assert.ok(log.lines.length > 10 && log.lines.length < 20, String(log.lines.length));
  await elector.stop();
});
