import assert from "node:assert/strict";
import { test } from "node:test";
import { perRequest } from "./drive.ts";

test("a request's processor time is what the server took above its idle time", () => {
  const cost = { cpuMs: 620, elapsedMs: 10_000, requests: 200 };
  assert.equal(perRequest(cost, 2), 3);
  assert.equal(perRequest(cost, 0), 3.1);
});
