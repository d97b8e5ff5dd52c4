import { Counter, Gauge, Histogram, Registry } from "prom-client";

/**
 * Counters under the names of controller-runtime and client-go, so that dashboards made for operators in Go work.
 * One instance and one registry a process; nothing is registered globally.
 */
export interface Metrics {
  readonly registry: Registry;
  /** One answered or failed attempt. `code` is the HTTP status, or `<error>` when there was no answer. */
  request(verb: string, code: string, seconds: number): void;
  requestRetried(verb: string, code: string): void;
  queue(name: string): QueueMetrics;
  reconciled(controller: string, result: ReconcileResult, seconds: number): void;
  activeWorkers(controller: string, count: number): void;
  leader(lease: string, isLeader: boolean): void;
  watch(resource: string, what: "list" | "watch" | "event" | "bookmark" | "error" | "handler_error"): void;
  /** Read whenever metrics are; of several watches of one resource the one that lags most is shown. */
  watchLag(resource: string, lagMs: () => number): void;
  /** Events dropped or not written, by reason. */
  eventLost(reason: "rate" | "memory" | "error"): void;
}

export type ReconcileResult = "success" | "requeue_after" | "error" | "stalled";

export interface QueueMetrics {
  depth(count: number): void;
  added(): void;
  retried(): void;
  waited(seconds: number): void;
  worked(seconds: number): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "rest_client_requests_total",
    help: "Number of HTTP requests to the Kubernetes API, by verb and status code.",
    labelNames: ["method", "code"],
    registers,
  });
  const requestSeconds = new Histogram({
    name: "rest_client_request_duration_seconds",
    help: "Time from sending a request to the Kubernetes API until its answer was read, by verb.",
    labelNames: ["verb"],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
    registers,
  });
  const retries = new Counter({
    name: "rest_client_request_retries_total",
    help: "Number of HTTP requests to the Kubernetes API that were sent again, by verb and cause.",
    labelNames: ["verb", "code"],
    registers,
  });
  const depth = new Gauge({
    name: "workqueue_depth",
    help: "Keys that wait for a worker.",
    labelNames: ["name"],
    registers,
  });
  const adds = new Counter({
    name: "workqueue_adds_total",
    help: "Keys added to the queue.",
    labelNames: ["name"],
    registers,
  });
  const queueRetries = new Counter({
    name: "workqueue_retries_total",
    help: "Keys put back with backoff after an error.",
    labelNames: ["name"],
    registers,
  });
  const durationBuckets = [1e-4, 1e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
  const queueSeconds = new Histogram({
    name: "workqueue_queue_duration_seconds",
    help: "Time that a key waited before a worker took it.",
    labelNames: ["name"],
    buckets: durationBuckets,
    registers,
  });
  const workSeconds = new Histogram({
    name: "workqueue_work_duration_seconds",
    help: "Time that a worker spent on a key.",
    labelNames: ["name"],
    buckets: durationBuckets,
    registers,
  });
  const reconciles = new Counter({
    name: "controller_runtime_reconcile_total",
    help: "Reconciliations, by controller and result.",
    labelNames: ["controller", "result"],
    registers,
  });
  const reconcileErrors = new Counter({
    name: "controller_runtime_reconcile_errors_total",
    help: "Reconciliations that ended with an error, by controller.",
    labelNames: ["controller"],
    registers,
  });
  const reconcileSeconds = new Histogram({
    name: "controller_runtime_reconcile_time_seconds",
    help: "Time of one reconciliation, by controller.",
    labelNames: ["controller"],
    buckets: durationBuckets,
    registers,
  });
  const workers = new Gauge({
    name: "controller_runtime_active_workers",
    help: "Workers that are reconciling now, by controller.",
    labelNames: ["controller"],
    registers,
  });
  const leader = new Gauge({
    name: "leader_election_master_status",
    help: "1 while this process holds the lease, else 0.",
    labelNames: ["name"],
    registers,
  });
  const watches = new Counter({
    name: "reflector_activity_total",
    help: "Lists, watches, events, bookmarks and errors of each watched resource.",
    labelNames: ["resource", "what"],
    registers,
  });
  const lags = new Map<string, (() => number)[]>();
  const watchLags: Gauge<"resource"> = new Gauge({
    name: "reflector_lag_seconds",
    help: "0 while a watch of the resource is open, else the time since the API server's last sign of life.",
    labelNames: ["resource"],
    registers,
    collect: () => {
      for (const [resource, read] of lags)
        watchLags.set({ resource }, Math.max(...read.map((lagMs) => lagMs())) / 1000);
    },
  });
  const eventsLost = new Counter({
    name: "event_recorder_lost_total",
    help: "Kubernetes Events that were not written, by reason.",
    labelNames: ["reason"],
    registers,
  });

  return {
    registry,
    request: (verb, code, seconds) => {
      requests.inc({ method: verb, code });
      requestSeconds.observe({ verb }, seconds);
    },
    requestRetried: (verb, code) => retries.inc({ verb, code }),
    queue: (name) => ({
      depth: (count) => depth.set({ name }, count),
      added: () => adds.inc({ name }),
      retried: () => queueRetries.inc({ name }),
      waited: (seconds) => queueSeconds.observe({ name }, seconds),
      worked: (seconds) => workSeconds.observe({ name }, seconds),
    }),
    reconciled: (controller, result, seconds) => {
      reconciles.inc({ controller, result });
      reconcileSeconds.observe({ controller }, seconds);
      if (result === "error" || result === "stalled") reconcileErrors.inc({ controller });
    },
    activeWorkers: (controller, count) => workers.set({ controller }, count),
    leader: (name, isLeader) => leader.set({ name }, isLeader ? 1 : 0),
    watch: (resource, what) => watches.inc({ resource, what }),
    watchLag: (resource, lagMs) => lags.set(resource, [...(lags.get(resource) ?? []), lagMs]),
    eventLost: (reason) => eventsLost.inc({ reason }),
  };
}
