import assert from "node:assert/strict";
import { test } from "node:test";
import { readH2load, readWrk } from "./load-reading.ts";

test("wrk's summary is its last line, in microseconds", () => {
  const output =
    'Running 1s test\n  Thread Stats\n{"requests":1000,"microseconds":500000,"p50":1500,"p99":4000,"failed":2}\n';
  assert.deepEqual(readWrk(output), { requests: 1000, failed: 2, perSecond: 2000, p50Ms: 1.5, p99Ms: 4 });
});

test("wrk without a summary is told with its words", () => {
  assert.throws(() => readWrk("unable to connect\n"), /wrk printed no summary: unable to connect/);
});

test("h2load's latencies are those of the good answers, and the others have failed", () => {
  const log = "1\t200\t1000\n2\t200\t3000\n3\t503\t9\n4\t200\t2000\n";
  assert.deepEqual(readH2load("finished in 1.00s, 4.00 req/s, 1KB/s\n", log), {
    requests: 4,
    failed: 1,
    perSecond: 4,
    p50Ms: 2,
    p99Ms: 3,
  });
});
