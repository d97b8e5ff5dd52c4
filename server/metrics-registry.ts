import { collectDefaultMetrics, Gauge, Registry } from "prom-client";

/** What one process of the server counts, under the model's name, and the figures of the process itself. */
export interface MetricsRegistry {
  readonly registry: Registry;
  /** A value that is asked for when the metrics are read. */
  readonly gauge: (name: string, help: string, read: () => number) => void;
}

export interface MetricsLabels {
  readonly model: string;
  readonly version: string;
}

export function createMetricsRegistry({ model, version }: MetricsLabels): MetricsRegistry {
  const registry = new Registry();
  registry.setDefaultLabels({ model, version });
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    gauge(name, help, read) {
      const created: Gauge = new Gauge({ name, help, registers: [registry], collect: () => created.set(read()) });
    },
  };
}
