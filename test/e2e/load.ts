import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeNames } from "../cluster/node/addresses.ts";
import { startLoad } from "../load/start.ts";
import type { LoadSummary } from "../load/tally.ts";
import { reachable, serviceUrl } from "./ask.ts";
import type { Bench } from "./bench.ts";
import { question } from "./models.ts";

/** Each keeps one connection for as long as it may, and never sends a request twice. */
export const clients = 8;
const usualRate = 80;

export interface LoadOptions {
  /** Requests a second of all clients together. */
  readonly ratePerSecond?: number;
  /** What runs the clients somewhere else than on the node itself. */
  readonly prefix?: readonly string[];
}

/**
 * Runs `work` while a client asks the model for predictions without a pause, and gives the client's figures. Fails
 * when a single request failed, or when there were none.
 */
export async function underLoad(
  bench: Bench,
  model: string,
  work: (progress: () => LoadSummary | undefined) => Promise<void>,
  options: LoadOptions = {},
): Promise<LoadSummary> {
  const summary = await loadDuring(bench, model, work, options);
  assert.ok(summary.requests > 0, "the client sent nothing");
  assert.equal(summary.failed, 0, `${JSON.stringify(summary.byError)}: ${JSON.stringify(summary.failures)}`);
  return summary;
}

/** The same, whatever became of the requests. */
export async function loadDuring(
  bench: Bench,
  model: string,
  work: (progress: () => LoadSummary | undefined) => Promise<void>,
  { ratePerSecond = usualRate, prefix = onNode(bench) }: LoadOptions = {},
): Promise<LoadSummary> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-e2e-"));
  const bodyFile = join(folder, "request.json");
  await writeFile(bodyFile, JSON.stringify(question));
  const service = await serviceUrl(bench, model);
  await reachable(bench, service);
  const url = `${service}/v2/models/${model}/infer`;
  const load = startLoad({ url, bodyFile, connections: clients, ratePerSecond, prefix });
  let summary: LoadSummary;
  try {
    await work(() => load.progress());
  } finally {
    summary = await load.stop();
    await rm(folder, { recursive: true });
  }
  return summary;
}

function onNode({ node }: Bench): readonly string[] {
  return ["nsenter", `--net=${nodeNames(node.name).networkNamespaceFile}`];
}
