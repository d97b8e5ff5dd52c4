import { Gauge, type Registry } from "prom-client";
import type { ConditionType } from "./api/conditions.ts";
import type { Model } from "./api/model.ts";

/** Those that an alert asks for; the others tell how, not whether. */
const published: readonly ConditionType[] = ["Ready", "Available", "Stalled"];

/**
 * What a model's pods cannot tell when all of them crash: its conditions, by the operator. Read from the cache whenever
 * metrics are, so a deleted model leaves nothing behind. The namespace is not called so, as a scrape would replace it
 * by that of the operator's pod.
 */
export function publishConditions(registry: Registry, models: () => readonly Model[]): void {
  const gauge: Gauge<"model_namespace" | "model" | "type"> = new Gauge({
    name: "slipway_model_condition",
    help: "1 while the condition of the ModelDeployment is True, else 0.",
    labelNames: ["model_namespace", "model", "type"],
    registers: [registry],
    collect: () => {
      gauge.reset();
      for (const { metadata, status } of models()) {
        for (const type of published) {
          const holds = status?.conditions?.some((condition) => condition.type === type && condition.status === "True");
          gauge.set({ model_namespace: metadata.namespace, model: metadata.name, type }, holds === true ? 1 : 0);
        }
      }
    },
  });
}
