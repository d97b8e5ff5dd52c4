/** The metrics of operator and server, as a scrape reads them. */
import type { Model } from "../../operator/api/model.ts";
import { createMetrics as createOperatorMetrics } from "../../operator/kube/metrics.ts";
import { publishConditions } from "../../operator/model-metrics.ts";
import { noStatistics } from "../../server/protocol/v2/model-statistics.ts";
import { createShardMetrics } from "../../server/shard/metrics.ts";
import { createMetrics as createServerMetrics } from "../../server/supervisor/metrics.ts";
import { code, table } from "./table.ts";

/** Each metric needs a value, as one without has no labels in the text. */
export async function operatorMetrics(): Promise<string> {
  const metrics = createOperatorMetrics();
  metrics.request("GET", "200", 1);
  metrics.requestRetried("GET", "503");
  const queue = metrics.queue("model");
  queue.depth(1);
  queue.added();
  queue.retried();
  queue.waited(1);
  queue.worked(1);
  metrics.reconciled("model", "error", 1);
  metrics.activeWorkers("model", 1);
  metrics.leader("lease", true);
  metrics.watch("pods", "list");
  metrics.watchLag("pods", () => 0);
  metrics.eventLost("rate");
  publishConditions(metrics.registry, () => [{ metadata: { namespace: "namespace", name: "model" } } as Model]);
  return metricsTable(await metrics.registry.metrics(), ["le"]);
}

export async function serverMetrics(): Promise<string> {
  const [model, version] = ["model", "version"];
  const metrics = createServerMetrics({
    model,
    version,
    workers: () => 0,
    isReady: () => true,
    isInService: () => true,
    provider: () => "cpu",
  });
  metrics.workerReplaced();
  const shard = createShardMetrics({ model, version, queued: () => 0, inFlight: () => 0, connections: () => 0 });
  shard.answered("/predict", 200, 1);
  shard.ran(1, 1);
  const counts = { metrics: await shard.snapshot(), recent: [], statistics: noStatistics, exchanges: 0 };
  return metricsTable(await metrics.text([counts]), ["le", "model", "version"]);
}

/** Those of the process and of Node.js are prom-client's own, and said in one sentence on the page. */
const ofTheProcess = /^(process|nodejs)_/;

/** Left out: labels of a histogram's buckets, and those that the page says once for all metrics of the server. */
function metricsTable(text: string, leftOut: readonly string[]): string {
  const rows = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n(.*)$/gm)]
    .filter(([, name]) => !ofTheProcess.test(name ?? ""))
    .map(([, name = "", help = "", type = "", sample = ""]) => [code(name), type, labels(sample, leftOut), help]);
  if (rows.length === 0) throw new Error("no metric was found in the text of /metrics");
  return table(["Metric", "Type", "Labels", "What it is"], rows);
}

function labels(sample: string, leftOut: readonly string[]): string {
  const names = [...sample.matchAll(/([a-z_]+)="/g)].map(([, name = ""]) => name);
  return names
    .filter((name) => !leftOut.includes(name))
    .map(code)
    .join(", ");
}
