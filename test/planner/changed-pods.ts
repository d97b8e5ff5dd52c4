/** Worlds half-way through a change, and pods that take another turn. */
import assert from "node:assert/strict";
import type { ObservedPod } from "../../operator/plan/observed.ts";
import { served, pass, rounds } from "./pass.ts";
import { edit, readyInService, replicasOf, selectedRevision, type World } from "./world.ts";

export function midExchange(): World {
  const world = served({ replicas: 4 }, { maxSurge: 1 });
  edit(world, { version: "v2" });
  rounds(world, () => selectedRevision(world) === undefined && replicasOf(world, "v1") <= 2);
  assert.equal(readyInService(world), 4);
  return world;
}

export function change(world: World, version: string, how: (pod: ObservedPod, index: number) => ObservedPod): void {
  let index = 0;
  world.pods = world.pods.map((pod) => (pod.version === version && !pod.deleting ? how(pod, index++) : pod));
}

export const unready = (pod: ObservedPod): ObservedPod => ({ ...pod, ready: false, readySince: undefined });

export function failedForGood(pod: ObservedPod): ObservedPod {
  const report = { ok: false, stage: "Download", reason: "VersionReused", message: "other bytes" } as const;
  const termination = { exitCode: 1, reason: "Error", report, text: "" };
  return { ...unready(pod), fetch: { ...pod.fetch, state: "waiting", termination } };
}

export function unloadable(pod: ObservedPod): ObservedPod {
  const report = { ok: false, stage: "Load", reason: "LoadFailed", message: "no such operator" } as const;
  const termination = { exitCode: 1, reason: "Error", report, text: "" };
  return { ...unready(pod), server: { ...pod.server, state: "waiting", termination } };
}

export function passed(world: World): World {
  pass(world);
  return world;
}
