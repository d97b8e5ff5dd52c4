import assert from "node:assert/strict";
import { test } from "node:test";
import { createRecentRequests } from "./recent-requests.ts";

test("the newest request comes first, with its age, and no more than 50 are kept", () => {
  let time = 0;
  const recent = createRecentRequests(() => time);
  for (let index = 0; index < 120; index += 1) {
    time = 1000 * index;
    recent.add("/predict", 200 + index, 0.0012345);
  }
  time += 500;
  const list = recent.list();
  assert.equal(list.length, 50);
  assert.deepEqual(list[0], { secondsAgo: 0.5, route: "/predict", status: 319, milliseconds: 1.23 });
  assert.deepEqual(
    list.map(({ status }) => status),
    Array.from({ length: 50 }, (_, index) => 319 - index),
  );
});

test("a few requests are in order, too; probes and the page itself are left out", () => {
  const recent = createRecentRequests(() => 0);
  assert.deepEqual(recent.list(), []);
  recent.add("/predict", 200, 0);
  recent.add("/v2/health/ready", 200, 0);
  recent.add("/page/{file}", 200, 0);
  recent.add("unknown", 404, 0);
  assert.deepEqual(
    recent.list().map(({ route }) => route),
    ["unknown", "/predict"],
  );
});
