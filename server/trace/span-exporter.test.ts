import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { batchSpans, createSpanExporter, mostWaiting, type Sending, type SpanExporter } from "./span-exporter.ts";
import type { Span } from "./span.ts";

const span = (name: string): Span => ({
  name,
  traceId: "",
  spanId: "",
  parentId: undefined,
  traceState: "",
  start: 0,
  end: 0,
  attributes: [],
  events: [],
  isError: false,
});

const taken: Sending = { kind: "taken" };
const passing: Sending = { kind: "refused", detail: "down", isPassing: true };

describe("spans are sent in batches", () => {
  let sent: number[];
  let waits: number[];
  let losses: [number, string][];
  let time: number;
  let answers: (Sending | Promise<Sending>)[];
  let exporter: SpanExporter;
  /** Resolvers of waits that a test ends by hand. */
  let held: (() => void)[] | undefined;

  beforeEach(() => {
    sent = [];
    waits = [];
    losses = [];
    time = 0;
    answers = [];
    held = undefined;
    exporter = createSpanExporter({
      delayMilliseconds: 5000,
      send(spans) {
        sent.push(spans.length);
        return Promise.resolve(answers.shift() ?? taken);
      },
      onLost: (spans, detail) => losses.push([spans, detail]),
      now: () => time,
      wait(milliseconds) {
        waits.push(milliseconds);
        time += milliseconds;
        return held === undefined ? Promise.resolve() : new Promise((resolve) => held?.push(resolve));
      },
    });
  });
  const add = (count: number): void => {
    for (let index = 0; index < count; index++) exporter.add(span(String(index)));
  };
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  test("what comes within the delay goes together", async () => {
    add(3);
    assert.deepEqual(sent, []);
    await settled();
    assert.deepEqual([sent, waits], [[3], [5000]]);
    add(1);
    await settled();
    assert.deepEqual(sent, [3, 1]);
  });

  test("a batch is never larger than it may be", async () => {
    add(batchSpans * 2 + 1);
    await settled();
    assert.deepEqual(sent, [batchSpans, batchSpans, 1]);
  });

  test("a passing refusal is tried again, later each time, and lost after five", async () => {
    answers = [passing, passing, taken];
    add(1);
    await settled();
    assert.deepEqual([sent, waits, losses], [[1, 1, 1], [5000, 1000, 2000], []]);
    answers = Array.from({ length: 5 }, () => passing);
    add(2);
    await settled();
    assert.deepEqual(sent.slice(3), [2, 2, 2, 2, 2]);
    assert.deepEqual(losses, [[2, "down"]]);
  });

  test("a collector that says when is asked then, and not later than in half a minute", async () => {
    answers = [
      { ...passing, afterMilliseconds: 7000 },
      { ...passing, afterMilliseconds: 1e9 },
    ];
    add(1);
    await settled();
    assert.deepEqual(waits, [5000, 7000, 30_000]);
  });

  test("another refusal loses the batch at once, and the next goes on", async () => {
    answers = [{ kind: "refused", detail: "answers 400", isPassing: false }];
    add(batchSpans + 1);
    await settled();
    assert.deepEqual([sent, losses], [[batchSpans, 1], [[batchSpans, "answers 400"]]]);
  });

  test("a collector that hangs costs one request and a queue; losses are told once a minute", async () => {
    const { promise: hanging, resolve } = Promise.withResolvers<Sending>();
    answers = [hanging];
    add(1);
    await settled();
    add(mostWaiting + 10);
    await settled();
    assert.deepEqual(sent, [1]);
    assert.deepEqual(losses, [[1, `${mostWaiting} spans are waiting already`]]);
    time += 60_000;
    add(1);
    assert.deepEqual(losses[1]?.[0], 10);
    resolve(taken);
    await settled();
    assert.deepEqual(sent, [1, batchSpans, batchSpans, batchSpans, batchSpans]);
  });

  test("the end waits for the request under way", async () => {
    const { promise: slow, resolve } = Promise.withResolvers<Sending>();
    answers = [slow];
    add(1);
    await settled();
    const flushed = exporter.flush().then(() => "flushed");
    assert.equal(await Promise.race([flushed, settled().then(() => "not yet")]), "not yet");
    resolve(taken);
    await flushed;
    assert.deepEqual([sent, losses], [[1], []]);
  });

  test("at the end all that waits is sent at once, and nothing is tried twice", async () => {
    held = [];
    add(batchSpans + 2);
    answers = [passing];
    await exporter.flush();
    assert.deepEqual(sent, [batchSpans, 2]);
    assert.deepEqual(losses, [[batchSpans, "down"]]);
    for (const end of held) end();
    await settled();
    assert.deepEqual(sent, [batchSpans, 2]);
  });
});
