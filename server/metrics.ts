import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** What `/metrics` on the metrics port shows, beside prom-client's `process_*` and `nodejs_*`. */
export interface Metrics {
  /** Called once for each answer. `route` is a template, never a path that a client made up. */
  readonly answered: (route: string, status: number, seconds: number) => void;
  readonly ran: (queueSeconds: number, runSeconds: number) => void;
  readonly workerReplaced: () => void;
  readonly text: () => Promise<string>;
  readonly contentType: string;
}

/** Values that are asked for when the metrics are read. */
export interface MetricsSources {
  readonly model: string;
  readonly version: string;
  readonly queued: () => number;
  readonly workers: () => number;
  readonly inFlight: () => number;
  readonly connections: () => number;
  readonly isReady: () => boolean;
  readonly isInService: () => boolean;
}

/** From the 50 µs of a tiny model to the run limit. */
const secondsBuckets = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ model: sources.model, version: sources.version });
  collectDefaultMetrics({ register: registry });
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
  const replaced = new Counter({
    name: "slipway_workers_replaced_total",
    help: "Worker threads that died and were replaced.",
    registers,
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    const created: Gauge = new Gauge({ name, help, registers, collect: () => created.set(read()) });
  };
  gauge("slipway_queue_length", "Requests that wait for a worker.", sources.queued);
  gauge("slipway_workers", "Worker threads that can run the model.", sources.workers);
  gauge("slipway_requests_in_flight", "Requests that were begun and not answered yet.", sources.inFlight);
  gauge("slipway_connections", "Open connections on the prediction port.", sources.connections);
  gauge("slipway_ready", "1 when the model answers predictions.", () => Number(sources.isReady()));
  gauge("slipway_in_service", "0 when the operator took this pod out of service.", () => Number(sources.isInService()));

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
    workerReplaced: () => replaced.inc(),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
