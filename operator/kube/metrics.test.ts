import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "./metrics.ts";

test("of several watches of a resource the one that lags most is shown, as it is when metrics are read", async () => {
  const metrics = createMetrics();
  let lagMs = 0;
  metrics.watchLag("pods", () => 250);
  metrics.watchLag("pods", () => lagMs);
  metrics.watchLag("nodes", () => 0);
  assert.match(await metrics.registry.metrics(), /^reflector_lag_seconds\{resource="pods"\} 0\.25$/m);
  lagMs = 61_000;
  const text = await metrics.registry.metrics();
  assert.match(text, /^reflector_lag_seconds\{resource="pods"\} 61$/m);
  assert.match(text, /^reflector_lag_seconds\{resource="nodes"\} 0$/m);
});
