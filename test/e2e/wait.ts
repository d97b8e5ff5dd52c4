import assert from "node:assert/strict";
import { hasReached, progressOf } from "../../demo/model.ts";
import type { Model, Status } from "../../operator/api/model.ts";
import { kinds } from "../../operator/api/kinds.ts";
import type { KubeObject } from "../../operator/kube/transport/resources.ts";
import { waitFor } from "../cluster/wait.ts";
import type { Bench } from "./bench.ts";

/** For what takes a second on a quiet machine: it may be shared with builds. */
const patienceMs = 120_000;
const lookEveryMs = 100;

/** Tries until the assertions in `check` hold; the error shows the last one that did not. */
export function eventually<T>(what: string, check: () => Promise<T>, timeoutMs = patienceMs): Promise<T> {
  return waitFor(what, check, { timeoutMilliseconds: timeoutMs, intervalMilliseconds: lookEveryMs });
}

/** Waits until the model serves the version, with every replica, and nothing is left to do. */
export function reached(bench: Bench, name: string, version: string): Promise<Model> {
  return eventually(`${name} serves ${version} in full`, async () => {
    const model = await bench.get<KubeObject & Model>(kinds.model, name);
    assert.ok(hasReached(model, version), progressOf(model));
    return model;
  });
}

export function condition(status: Status, type: string): { status: string; reason: string; message: string } {
  return status.conditions?.find((candidate) => candidate.type === type) ?? { status: "", reason: "", message: "" };
}
