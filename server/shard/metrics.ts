import { Counter, Histogram } from "prom-client";
import { createMetricsRegistry, type MetricsLabels } from "../metrics-registry.ts";

/** What one shard counts; the supervisor adds it up. */
export interface ShardMetrics {
  /** Called once for each answer. `route` is a template, never a path that a client made up. */
  readonly answered: (route: string, status: number, seconds: number) => void;
  readonly ran: (queueSeconds: number, runSeconds: number) => void;
  /** As plain data, which goes to the supervisor. */
  readonly snapshot: () => Promise<readonly object[]>;
}

/** Values that are asked for when the metrics are read. */
export interface MetricsSources extends MetricsLabels {
  readonly queued: () => number;
  readonly inFlight: () => number;
  readonly connections: () => number;
}

/** From the 50 µs of a tiny model to the run limit. */
const secondsBuckets = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

export function createShardMetrics(sources: MetricsSources): ShardMetrics {
  const { registry, gauge } = createMetricsRegistry(sources);
  const registers = [registry];

  const requests = new Counter({
    name: "slipway_requests_total",
    help: "Answers sent, by route and HTTP status.",
    labelNames: ["route", "code"],
    registers,
  });
  const duration = new Histogram({
    name: "slipway_request_duration_seconds",
    help: "From the end of a request's headers to the end of its answer, by route.",
    labelNames: ["route"],
    buckets: secondsBuckets,
    registers,
  });
  const queue = new Histogram({
    name: "slipway_queue_duration_seconds",
    help: "Time that a request waited for a worker, of the requests that ran.",
    buckets: secondsBuckets,
    registers,
  });
  const inference = new Histogram({
    name: "slipway_inference_duration_seconds",
    help: "Time that the model ran for one request.",
    buckets: secondsBuckets,
    registers,
  });
  gauge("slipway_queue_length", "Requests that wait for a worker.", sources.queued);
  gauge("slipway_requests_in_flight", "Requests that were begun and not answered yet.", sources.inFlight);
  gauge("slipway_connections", "Open connections on the prediction port.", sources.connections);

  // Looking children up by label costs more than the observation itself, and there are few of them.
  const counters = new Map<string, Counter.Internal>();
  const durations = new Map<string, Histogram.Internal<"route">>();

  return {
    answered(route, status, seconds) {
      const key = `${route} ${status}`;
      let counter = counters.get(key);
      if (counter === undefined) {
        counter = requests.labels(route, String(status));
        counters.set(key, counter);
      }
      counter.inc();
      let histogram = durations.get(route);
      if (histogram === undefined) {
        histogram = duration.labels(route);
        durations.set(route, histogram);
      }
      histogram.observe(seconds);
    },
    ran(queueSeconds, runSeconds) {
      queue.observe(queueSeconds);
      inference.observe(runSeconds);
    },
    snapshot: () => registry.getMetricsAsJSON(),
  };
}
