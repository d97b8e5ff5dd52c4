/** What may happen to a model, in any order, as fast-check draws it, and how it is played in the world. */
import fc from "fast-check";
import type { Spec } from "../../operator/api/model.ts";
import { specOf } from "../fixtures/spec.ts";
import { settle, pass } from "./pass.ts";
import { evict, tick } from "./life.ts";
import { type Behaviour, createWorld, edit, type World } from "./world.ts";

type Action =
  | { readonly kind: "pass" }
  | { readonly kind: "cut"; readonly after: number }
  | { readonly kind: "tick"; readonly seconds: number; readonly seed: number }
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "scale"; readonly replicas: number }
  | { readonly kind: "surge"; readonly maxSurge: number | string }
  | { readonly kind: "strategy"; readonly strategy: Spec["rollout"]["strategy"] }
  | { readonly kind: "pause"; readonly paused: boolean }
  | { readonly kind: "gpu"; readonly count: number }
  | { readonly kind: "refuse"; readonly kinds: readonly string[] }
  | { readonly kind: "lose"; readonly index: number }
  | { readonly kind: "blink"; readonly index: number }
  | { readonly kind: "evict"; readonly index: number }
  | { readonly kind: "forget"; readonly what: "history" | "record" | "status" };

const surges = fc.constantFrom<number | string>("100%", "25%", 0, 1);
const strategies = fc.constantFrom<Spec["rollout"]["strategy"]>("Rolling", "Rolling", "Recreate");
const children = ["Deployment", "ControllerRevision", "Service", "ConfigMap", "PodDisruptionBudget", "Pod"] as const;

function of<Kind extends Action["kind"]>(kind: Kind): { readonly kind: fc.Arbitrary<Kind> } {
  return { kind: fc.constant(kind) };
}

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.record(of("pass")) },
  { weight: 2, arbitrary: fc.record({ ...of("cut"), after: fc.nat(8) }) },
  { weight: 8, arbitrary: fc.record({ ...of("tick"), seconds: fc.constantFrom(1, 3, 10, 400), seed: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ ...of("version"), version: fc.constantFrom("v1", "v2", "v3") }) },
  { weight: 2, arbitrary: fc.record({ ...of("scale"), replicas: fc.constantFrom(0, 0, 1, 2, 3, 5) }) },
  { weight: 1, arbitrary: fc.record({ ...of("surge"), maxSurge: surges }) },
  { weight: 1, arbitrary: fc.record({ ...of("strategy"), strategy: strategies }) },
  { weight: 1, arbitrary: fc.record({ ...of("pause"), paused: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ ...of("gpu"), count: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ ...of("refuse"), kinds: fc.subarray([...children], { maxLength: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ ...of("lose"), index: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ ...of("blink"), index: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ ...of("evict"), index: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({ ...of("forget"), what: fc.constantFrom("history", "record", "status") }),
  },
);

const behaviour = fc.constantFrom<Behaviour>("good", "good", "good", "corrupt", "slow", "fetching", "unschedulable");

const setting = {
  replicas: fc.integer({ min: 1, max: 5 }),
  strategy: strategies,
  maxSurge: surges,
  maxUnavailable: fc.constantFrom<number | string>(0, 1, "50%"),
  keepPreviousSeconds: fc.constantFrom(0, 30, 300),
  minReadySeconds: fc.constantFrom(0, 5),
  behaviours: fc.record({ v1: fc.constant("good" as const), v2: behaviour, v3: behaviour }),
};

export const scenario = fc.record({ ...setting, actions: fc.array(action, { minLength: 1, maxLength: 40 }) });

/** Most of them near the longest. */
export const longScenario = fc.record({
  ...setting,
  actions: fc.array(action, { minLength: 1, maxLength: 40, size: "max" }),
});

export type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

/** The model at rest, with v1 serving. */
export function worldOf(given: Scenario): World {
  const { replicas, behaviours, strategy, maxSurge, maxUnavailable, keepPreviousSeconds, minReadySeconds } = given;
  const rollout = { strategy, maxSurge, maxUnavailable, keepPreviousSeconds, minReadySeconds };
  // Short, so that a download that never ends comes to its deadline in the time that a world is given to settle.
  const source = { timeoutSeconds: 30 };
  const world = createWorld(specOf({ replicas, source }, rollout), behaviours);
  settle(world);
  return world;
}

export function perform(world: World, step: Action): void {
  const { rollout } = world.spec;
  switch (step.kind) {
    case "pass":
      pass(world);
      return;
    case "cut":
      pass(world, step.after);
      return;
    case "tick":
      tick(world, step.seconds, sequence(step.seed));
      return;
    case "version":
      edit(world, { version: step.version });
      return;
    case "scale":
      edit(world, { replicas: step.replicas });
      return;
    case "surge":
      edit(world, { rollout: { ...rollout, maxSurge: step.maxSurge } });
      return;
    case "strategy":
      edit(world, { rollout: { ...rollout, strategy: step.strategy } });
      return;
    case "pause":
      edit(world, { paused: step.paused });
      return;
    case "gpu": {
      const { gpu: _, ...spec } = world.spec;
      world.spec = spec;
      edit(world, step.count === 0 ? {} : { gpu: { count: step.count, resourceName: "nvidia.com/gpu" } });
      return;
    }
    case "refuse":
      world.refused.clear();
      for (const kind of step.kinds) world.refused.add(kind);
      return;
    case "blink":
      world.pods = world.pods.map((pod, index) =>
        index === step.index ? { ...pod, ready: false, readySince: undefined } : pod,
      );
      return;
    case "lose": {
      const lost = world.pods[step.index % Math.max(1, world.pods.length)];
      if (lost !== undefined) world.pods = world.pods.filter((pod) => pod !== lost);
      return;
    }
    case "evict": {
      const doomed = world.pods[step.index % Math.max(1, world.pods.length)];
      if (doomed !== undefined) evict(world, doomed);
      return;
    }
    case "forget":
      if (step.what === "status") world.status = undefined;
      for (const key of world.children.keys()) {
        if (step.what === "history" && key.startsWith("ControllerRevision/")) world.children.delete(key);
        if (step.what === "record" && key.startsWith("ConfigMap/")) world.children.delete(key);
      }
  }
}

/** Whoever held something up lets go. */
export function release(world: World): void {
  world.refused.clear();
  edit(world, { paused: false });
}

/** A fixed stream of numbers in [0, 1) from a seed (a linear congruential generator). */
export function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
