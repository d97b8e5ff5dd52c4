import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import type { Model } from "./api/model.ts";
import { publishConditions } from "./model-metrics.ts";

function modelWith(name: string, conditions: readonly { readonly type: string; readonly status: string }[]): Model {
  return { metadata: { name, namespace: "shop" }, status: { conditions } } as unknown as Model;
}

test("each model's conditions are told as they are now, and those of a deleted one are gone", async () => {
  const registry = new Registry();
  let models = [
    modelWith("good", [
      { type: "Ready", status: "True" },
      { type: "Available", status: "True" },
      { type: "Stalled", status: "False" },
    ]),
    modelWith("new", []),
  ];
  publishConditions(registry, () => models);
  const samples = async (): Promise<string[]> =>
    (await registry.metrics()).split("\n").filter((line) => line.startsWith("slipway_"));
  const sample = (model: string, type: string, value: number): string =>
    `slipway_model_condition{model_namespace="shop",model="${model}",type="${type}"} ${value}`;
  assert.deepEqual(await samples(), [
    sample("good", "Ready", 1),
    sample("good", "Available", 1),
    sample("good", "Stalled", 0),
    sample("new", "Ready", 0),
    sample("new", "Available", 0),
    sample("new", "Stalled", 0),
  ]);
  models = [modelWith("new", [{ type: "Ready", status: "True" }])];
  assert.deepEqual(await samples(), [
    sample("new", "Ready", 1),
    sample("new", "Available", 0),
    sample("new", "Stalled", 0),
  ]);
});
