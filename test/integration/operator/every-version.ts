import type { Kind } from "../../../operator/api/kinds.ts";
import { systemClock } from "../../../operator/kube/clock.ts";
import { createMetrics } from "../../../operator/kube/metrics.ts";
import { createReflector } from "../../../operator/kube/watch/reflector.ts";
import type { KubeObject } from "../../../operator/kube/transport/resources.ts";
import type { Bench } from "./harness.ts";

export interface EveryVersion<T> {
  /** What anybody could have read of the objects of a kind since the start, in the order of the API server. */
  readonly seen: readonly T[];
  stop(): Promise<void>;
}

export async function watchEveryVersion<T extends KubeObject>(bench: Bench, kind: Kind): Promise<EveryVersion<T>> {
  const seen: T[] = [];
  const watch = createReflector<T, T>({
    transport: bench.transport,
    resource: kind,
    project: (raw) => raw,
    onChange: (change) => {
      if (change.kind !== "removed") seen.push(change.now);
    },
    clock: systemClock,
    random: Math.random,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    metrics: createMetrics(),
  });
  watch.start();
  await watch.whenSynced();
  return { seen, stop: () => watch.stop() };
}

function nothing(): void {
  // A test reads the objects, not the log.
}
