import { AggregatorRegistry, Counter, Gauge, type Registry } from "prom-client";
import { type Provider, providers } from "../contract.ts";
import { createMetricsRegistry, type MetricsLabels } from "../metrics-registry.ts";
import type { ShardCounts } from "../shard/messages.ts";

/** What `/metrics` on the metrics port shows: the shards' counts, added up, and the supervisor's own. */
export interface Metrics {
  readonly workerReplaced: () => void;
  /** Inputs crashed the engine again and are refused from now on. */
  readonly inputsRefused: () => void;
  /** The counts of a shard that is over: what it counted still happened. */
  readonly retire: (counts: ShardCounts | undefined) => void;
  readonly text: (counts: readonly ShardCounts[]) => Promise<string>;
  readonly contentType: string;
}

/** Values that are asked for when the metrics are read. */
export interface MetricsSources extends MetricsLabels {
  readonly workers: () => number;
  readonly isReady: () => boolean;
  readonly isInService: () => boolean;
  /** What runs the model; undefined until it is loaded. */
  readonly provider: () => Provider | undefined;
}

export function createMetrics(sources: MetricsSources): Metrics {
  const { registry, gauge } = createMetricsRegistry(sources);
  const registers = [registry];
  const replaced = new Counter({
    name: "slipway_workers_replaced_total",
    help: "Worker processes that were lost and replaced.",
    registers,
  });
  const refused = new Counter({
    name: "slipway_repeated_crashes_total",
    help: "Inputs that crashed a worker process again and are refused since.",
    registers,
  });
  gauge("slipway_workers", "Worker processes that can run the model.", sources.workers);
  gauge("slipway_ready", "1 when the model answers predictions.", () => Number(sources.isReady()));
  gauge("slipway_in_service", "0 when the operator took this pod out of service.", () => Number(sources.isInService()));

  const running: Gauge<"provider"> = new Gauge({
    name: "slipway_provider",
    help: "1 for what runs the model, 0 for what else there is: all 0 until it is loaded.",
    labelNames: ["provider"],
    registers,
    collect() {
      for (const provider of providers) running.set({ provider }, Number(provider === sources.provider()));
    },
  });

  let retired: Promise<readonly object[]> = Promise.resolve([]);
  return {
    workerReplaced: () => replaced.inc(),
    inputsRefused: () => refused.inc(),
    retire(counts) {
      if (counts === undefined) return;
      const counted = counts.metrics.filter((metric) => !("type" in metric && metric.type === "gauge"));
      retired = retired.then((earlier) => sum([earlier, counted]).getMetricsAsJSON());
    },
    async text(counts) {
      const shards = sum([await retired, ...counts.map(({ metrics }) => metrics)]);
      return `${await registry.metrics()}\n${await shards.metrics()}`;
    },
    contentType: registry.contentType,
  };
}

/** Its types want an array of metrics where it takes one of their lists. */
function sum(counts: readonly (readonly object[])[]): Registry {
  return AggregatorRegistry.aggregate([...counts]);
}
