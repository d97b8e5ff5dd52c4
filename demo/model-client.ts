import { setTimeout as delay } from "node:timers/promises";
import type { Report } from "../test/cluster/report.ts";
import type { Model } from "../operator/api/model.ts";
import type { Kubectl } from "./diagnosis.ts";
import { hasReached, progressOf, stalledBecause } from "./model.ts";

/** kubectl takes a tenth of a second of processor time; more often would slow down what is waited for. */
const pollPeriodMs = 1_000;

export async function readModel(kubectl: Kubectl, name: string): Promise<Model> {
  return JSON.parse(await kubectl(["get", "modeldeployment", name, "-o", "json"])) as Model;
}

/** Waits until the model serves the version and nothing is left to do; each change of its status is a line. */
export async function waitUntilReached(
  kubectl: Kubectl,
  name: string,
  version: string,
  options: { readonly timeoutMs: number; readonly report: Report },
): Promise<Model> {
  const end = performance.now() + options.timeoutMs;
  let told = "";
  while (true) {
    const model = await readModel(kubectl, name);
    const progress = progressOf(model);
    if (progress !== told) options.report(progress);
    told = progress;
    if (hasReached(model, version)) return model;
    const stalled = stalledBecause(model);
    if (stalled !== undefined) throw new Error(`model ${name} cannot go on: ${stalled}`);
    if (performance.now() > end) {
      throw new Error(`model ${name} did not reach version ${version} in ${options.timeoutMs / 1000} s: ${progress}`);
    }
    await delay(pollPeriodMs);
  }
}
