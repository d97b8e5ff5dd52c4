import assert from "node:assert/strict";
import { test } from "node:test";
import { call, eventually, startServer } from "../harness.ts";
import { watchMemory } from "../memory.ts";
import { fuzz } from "./fuzz.ts";
import { fuzzModel } from "./good-requests.ts";

/** Printed with each failure; `SLIPWAY_FUZZ_SEED` and `SLIPWAY_FUZZ_CASE` make one case again. */
const seed = Number(process.env["SLIPWAY_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const only = process.env["SLIPWAY_FUZZ_CASE"];
const cases = 6000;
const limit = 512 * 1024 ** 2;

test("whatever is sent over any protocol is answered, never by a fault of the server, and who is right is served", async () => {
  const server = await startServer({
    files: { "model.onnx": fuzzModel },
    variables: { SLIPWAY_WORKERS: "2", SLIPWAY_MEMORY_LIMIT_BYTES: String(limit) },
  });
  const peak = watchMemory(server);
  const { failures, statuses } = await fuzz({
    port: server.port,
    seed,
    from: Number(only ?? 0),
    cases: only === undefined ? cases : 1,
    goodOneIn: 8,
    lanes: 16,
  });
  assert.deepEqual(failures, []);
  assert.ok(
    only !== undefined || ["200", "400", "404", "g0", "g3", "raw"].every((status) => (statuses[status] ?? 0) > 20),
    JSON.stringify(statuses),
  );
  assert.ok((await peak()) < limit, "the memory limit was kept");
  await eventually("nothing is in flight", async () =>
    /^slipway_requests_in_flight\{.*\} 0$/m.test((await call(`${server.metricsUrl}/metrics`)).text),
  );
  assert.match((await call(`${server.metricsUrl}/metrics`)).text, /^slipway_workers_replaced_total\{.*\} 0$/m);
  assert.deepEqual(
    server.log().filter(({ level }) => level >= 50),
    [],
  );
  await server.stop();
});
