import assert from "node:assert/strict";
import { mergePatch } from "../../cli/plan/merge-patch.ts";
import { type JsonObject, valueAt } from "../../operator/api/json.ts";
import type { Announcement } from "../../operator/plan/status/announcements.ts";
import { phases, type Write } from "../../operator/plan/children/children.ts";
import type { Problem } from "../../operator/plan/status/facts.ts";
import type { ObservedChild } from "../../operator/plan/observed.ts";
import { type Plan, planModel } from "../../operator/plan/plan.ts";
import { annotations } from "../../server/contract.ts";
import { specOf } from "../fixtures/spec.ts";
import { tick } from "./life.ts";
import { createWorld, inService, observeWorld, type World } from "./world.ts";

/** A plan, with what was told of it. */
export type Passed = Omit<Plan, "announcements"> & { readonly announcements: readonly Announcement[] };

/**
 * One pass of the operator, as operator/apply.ts makes it: phase by phase, nothing released when the traffic could not
 * be moved, status last. After `cutAfter` writes it dies, so that neither the rest nor the status is written.
 */
export function pass(world: World, cutAfter = Number.POSITIVE_INFINITY): Passed {
  const plan = planModel(observeWorld(world));
  if (plan === undefined) throw new Error("the model has no valid target");
  const problems: Problem[] = [];
  let moved = true;
  let left = cutAfter;
  for (const phase of phases) {
    if (!moved) break;
    for (const write of plan.writes.filter((candidate) => candidate.phase === phase)) {
      if (left <= 0) return { ...plan, announcements: [] };
      left -= 1;
      const problem = refusal(world, write);
      if (problem === undefined) {
        perform(world, write);
        continue;
      }
      problems.push(problem);
      if (phase !== "release" && ["Deployment", "Service"].includes(write.kind.kind)) moved = false;
    }
  }
  const outcome = { problems, moved, unchanged: [] };
  const status = plan.status(outcome);
  world.status = status;
  const serving = new Set(inService(world).flatMap(({ ready, version }) => (ready ? [version] : [])));
  world.told.push({ status, spec: world.spec, generation: world.generation, serving });
  return { ...plan, announcements: plan.announcements(outcome, status) };
}

function refusal(world: World, { kind, verb, name }: Write): Problem | undefined {
  if (!world.refused.has(kind.kind)) return undefined;
  return { object: `${kind.kind}/${name}`, reason: "Refused", message: `the API server refused to ${verb} it` };
}

/** Everything gets on until nothing changes any more. */
export function settle(world: World): void {
  for (let round = 0; round < 400; round++) {
    const before = JSON.stringify([world.status, world.pods]);
    tick(world, 2, () => 0);
    const plan = pass(world);
    const still = JSON.stringify([world.status, world.pods]) === before;
    if (still && plan.writes.length === 0 && plan.wakeAfterMs === undefined) return;
  }
}

/** Until `reached`, each round a pass and a second of the cluster's life. */
export function rounds(world: World, reached: () => boolean, each: () => void = () => undefined): void {
  for (let round = 0; round < 100; round++) {
    if (reached()) return;
    pass(world);
    each();
    tick(world, 1, () => 0);
  }
  throw new Error(`not reached: ${JSON.stringify(world.status)}`);
}

function perform(world: World, write: Write): void {
  const key = `${write.kind.kind}/${write.name}`;
  switch (write.verb) {
    case "create": {
      if (world.children.has(key)) throw new Error(`${key} is created twice`);
      world.serial += 1;
      world.children.set(key, made(write.name, `uid-${world.serial}`, write.body));
      return;
    }
    case "delete":
      world.children.delete(key);
      world.endedPods = world.endedPods.filter(({ uid }) => uid !== write.uid);
      return;
    case "patch": {
      if (write.kind.kind === "Pod") {
        const mark = valueAt(write.body, "metadata", "annotations", annotations.inService);
        world.pods = world.pods.map((pod) =>
          pod.uid === write.uid ? { ...pod, outOfService: mark === "false" } : pod,
        );
        return;
      }
      const found = world.children.get(key);
      if (found !== undefined) world.children.set(key, { ...found, object: mergePatch(found.object, write.body) });
    }
  }
}

function made(name: string, uid: string, object: JsonObject): ObservedChild {
  return { name, uid, deleting: false, object, rival: undefined, replicaFailure: undefined };
}

/** A model at rest, whose v1 serves and whose other versions would. */
export function served(...args: Parameters<typeof specOf>): World {
  const world = createWorld(specOf(...args), {});
  settle(world);
  assert.equal(world.status?.currentVersion, "v1");
  return world;
}
