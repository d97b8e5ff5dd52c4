import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { addModel } from "../../fixtures/models/arithmetic.ts";
import { call, eventually, startServer } from "./harness.ts";

/**
 * Whether `server.session` reaches ONNX Runtime shows in the threads of the shards: a session of n intra-op threads starts
 * n - 1 beside the one that runs it. All else is the same from one start to the next.
 */
test("every worker is a session of its own, with as many threads as are asked for", async () => {
  const one = await threadsWith({ workers: 1, intraOpThreads: 1 });
  assert.deepEqual(await threadsWith({ workers: 1, intraOpThreads: 4 }), [(one[0] ?? 0) + 3]);
  assert.deepEqual(await threadsWith({ workers: 2, intraOpThreads: 1 }), [...one, ...one]);
  const four = (one[0] ?? 0) + 3;
  assert.deepEqual(await threadsWith({ workers: 2, intraOpThreads: 4 }), [four, four]);
});

/** Threads of each shard of a server that has loaded and warmed up; what it says of its workers is what was asked for. */
async function threadsWith(session: { workers: number; intraOpThreads: number }): Promise<readonly number[]> {
  const variables = {
    SLIPWAY_WORKERS: String(session.workers),
    SLIPWAY_INTRA_OP_THREADS: String(session.intraOpThreads),
    SLIPWAY_CPU_LIMIT: "1",
  };
  const server = await startServer({ files: { "model.onnx": addModel() }, variables });
  const { pid } = server.process;
  await eventually("all have loaded", async () =>
    new RegExp(`^slipway_workers\\{.*\\} ${session.workers}$`, "m").test(
      (await call(`${server.metricsUrl}/metrics`)).text,
    ),
  );
  const shards = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
  const threads = await Promise.all(shards.map(async (shard) => (await readdir(`/proc/${shard}/task`)).length));
  const report = (await call(`${server.metricsUrl}/slipway/report`)).json as { readonly workers: number };
  assert.equal(report.workers, session.workers);
  await server.stop();
  return threads;
}
