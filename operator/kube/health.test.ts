import assert from "node:assert/strict";
import { test } from "node:test";
import { createHealthServer, longestLagMs } from "./health.ts";
import { createMetrics } from "./metrics.ts";
import { createMemoryLog } from "./test-log.ts";

test("healthy from the start, ready with synced caches and living watches, metrics in Prometheus' form", async () => {
  let synced = false;
  let lagMs = 0;
  const metrics = createMetrics();
  metrics.leader("lease", true);
  const server = createHealthServer({
    host: "127.0.0.1",
    port: 0,
    caches: [
      { name: "pods", synced: () => true, lagMs: () => 0 },
      { name: "models", synced: () => synced, lagMs: () => lagMs },
    ],
    registry: metrics.registry,
    log: createMemoryLog(),
  });
  const port = await server.start();
  const ask = async (path: string): Promise<readonly [number, string]> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return [response.status, await response.text()];
  };
  try {
    assert.deepEqual(await ask("/healthz"), [200, "ok\n"]);
    assert.deepEqual(await ask("/readyz"), [503, "pods: ok\nmodels: not synced\n"]);
    synced = true;
    lagMs = longestLagMs;
    assert.deepEqual(await ask("/readyz?verbose"), [200, "pods: ok\nmodels: ok\n"]);
    lagMs = longestLagMs + 1;
    assert.deepEqual(await ask("/readyz"), [503, "pods: ok\nmodels: no watch for 60001 ms\n"]);
    assert.match((await ask("/metrics"))[1], /^leader_election_master_status\{name="lease"\} 1$/m);
    assert.equal((await ask("/other"))[0], 404);
    await assert.rejects(
      createHealthServer({
        host: "127.0.0.1",
        port,
        caches: [],
        registry: metrics.registry,
        log: createMemoryLog(),
      }).start(),
      /EADDRINUSE/,
    );
  } finally {
    await server.stop();
  }
  await assert.rejects(ask("/healthz"));
});
