/** The operator's process: wiring and signals. The only file that touches process.*. */
import { randomUUID } from "node:crypto";
import { getHeapStatistics } from "node:v8";
import { pino } from "pino";
import { createCaches } from "./caches.ts";
import { type Config, readConfig } from "./config.ts";
import { createClient } from "./kube/transport/client.ts";
import { systemClock } from "./kube/clock.ts";
import { createController } from "./kube/control/controller.ts";
import { inClusterAccess, kubeconfigAccess } from "./kube/transport/credentials.ts";
import { createEventRecorder } from "./kube/events.ts";
import { createHealthServer } from "./kube/health.ts";
import { createHeapTrim } from "./kube/heap-trim.ts";
import { createElector } from "./kube/control/lease.ts";
import { createMetrics } from "./kube/metrics.ts";
import { createQueue } from "./kube/control/queue.ts";
import { createStaleness } from "./kube/watch/staleness.ts";
import { createTransport } from "./kube/transport/transport.ts";
import { publishConditions } from "./model-metrics.ts";
import { askablePods, podUids } from "./observe.ts";
import { askReport } from "./pod-report.ts";
import { createPodReports } from "./pod-reports.ts";
import { createReconcile } from "./reconcile.ts";

const leaseName = "slipway-operator";
/** A pod answers within milliseconds, or is not reached at all: then its log and metrics alone tell what it reports. */
const reportTimeoutMs = 2_000;

const result = readConfig(process.argv.slice(2), process.env);
switch (result.kind) {
  case "help":
    process.stdout.write(result.text);
    break;
  case "errors":
    process.stderr.write(`${result.errors.join("\n")}\n`);
    process.exitCode = 2;
    break;
  case "config":
    await run(result.config);
}

async function run(config: Config): Promise<void> {
  const log = pino({ level: config.logLevel });
  const clock = systemClock;
  const random = Math.random;
  const metrics = createMetrics();
  const access =
    (await inClusterAccess(process.env, clock)) ?? (await kubeconfigAccess({ file: config.kubeconfig, clock }));
  const transport = createTransport({ ...access, clock, random, metrics, userAgent: "slipway-operator" });
  const queue = createQueue({ clock, random, metrics: metrics.queue("model") });
  const { caches, reflectors } = createCaches({
    transport,
    queue,
    namespaces: config.watchNamespaces,
    clock,
    random,
    log,
    metrics,
  });
  publishConditions(metrics.registry, () => caches.models.list());
  const all = Object.entries(caches).flatMap(([name, cache]) => (cache === undefined ? [] : [{ name, cache }]));

  const elector = createElector({
    transport,
    namespace: config.namespace,
    name: leaseName,
    identity: `${config.instance}_${randomUUID()}`,
    clock,
    random,
    log,
    metrics,
    onElected: () => controller.start(),
    // Whatever was under way may be half done: a new process starts from what is observed.
    onLost: () => process.exit(1),
  });
  const mayWrite = config.leaderElect ? () => elector.isLeader() : () => true;
  const client = createClient(transport, { mayWrite });
  const events = createEventRecorder({
    client,
    controller: "slipway.dev/operator",
    instance: config.instance,
    clock,
    random,
    log,
    metrics,
  });
  const reports = createPodReports({
    pods: () => askablePods(caches),
    uids: () => podUids(caches),
    ask: (address) => askReport(address, reportTimeoutMs),
    mayAsk: mayWrite,
    onFound: (model) => queue.add(model),
    clock,
  });
  const staleness = createStaleness(reflectors, { clock, log });
  const controller = createController({
    name: "model",
    queue,
    caches: all.map(({ cache }) => cache),
    workers: config.workers,
    reconcile: createReconcile({
      caches,
      client,
      staleness,
      events,
      defaults: config.defaults,
      reportOf: (podUid) => reports.of(podUid),
      now: () => clock.now(),
    }),
    clock,
    log,
    metrics,
  });
  const health = createHealthServer({
    port: config.httpPort,
    caches: all.map(({ name, cache }) => ({ name, synced: () => cache.synced(), lagMs: () => cache.lagMs() })),
    registry: metrics.registry,
    log,
  });

  const heapTrim = createHeapTrim({
    clock,
    usedBytes: () => getHeapStatistics().used_heap_size,
    collect: () => globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" }),
    isQuiet: () => queue.depth() === 0,
  });
  const port = await health.start();
  heapTrim.start();
  reports.start();
  for (const { cache } of all) cache.start();
  if (config.leaderElect) elector.start();
  else controller.start();
  log.info({ port, server: access.server, leaderElect: config.leaderElect }, "slipway operator started");

  const stop = async (signal: string): Promise<void> => {
    log.info({ signal }, "stopping: the lease is handed over");
    heapTrim.stop();
    await reports.stop();
    await controller.stop();
    await events.stop();
    await elector.stop();
    await Promise.all(all.map(({ cache }) => cache.stop()));
    queue.clear(); // a delayed key's timer would keep the process alive
    await transport.close();
    await health.stop();
    log.info({}, "stopped");
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      stop(signal).catch((error: unknown) => {
        log.error({ err: error }, "could not stop cleanly");
        process.exit(1);
      });
    });
  }
}
