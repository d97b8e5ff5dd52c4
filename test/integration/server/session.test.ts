import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { addModel } from "../../fixtures/onnx.ts";
import { call, startServer } from "./harness.ts";

/**
 * Whether `server.session` reaches ONNX Runtime shows in the threads of the process: a session of n intra-op threads
 * starts n - 1 beside the worker that runs it. All else is the same from one start to the next.
 */
test("every worker is a session of its own, with as many threads as are asked for", async () => {
  const one = await threadsWith({ workers: 1, intraOpThreads: 1 });
  const four = await threadsWith({ workers: 1, intraOpThreads: 4 });
  assert.equal(four - one, 3, "three more threads for one session");
  const second = (await threadsWith({ workers: 2, intraOpThreads: 1 })) - one;
  assert.ok(second >= 1, "a second worker is a thread at least");
  const twoOfFour = await threadsWith({ workers: 2, intraOpThreads: 4 });
  assert.equal(twoOfFour - one, second + 6, "three more threads for each of two sessions");
});

/** Threads of a server that has loaded and warmed up; what it says of its workers is what was asked for. */
async function threadsWith(session: { workers: number; intraOpThreads: number }): Promise<number> {
  const variables = {
    SLIPWAY_WORKERS: String(session.workers),
    SLIPWAY_INTRA_OP_THREADS: String(session.intraOpThreads),
    SLIPWAY_CPU_LIMIT: "1",
  };
  const server = await startServer({ files: { "model.onnx": addModel() }, variables });
  const { pid } = server.process;
  assert.ok(pid);
  const threads = (await readdir(`/proc/${pid}/task`)).length;
  const report = (await call(`${server.metricsUrl}/slipway/report`)).json as { readonly workers: number };
  assert.equal(report.workers, session.workers);
  await server.stop();
  return threads;
}
