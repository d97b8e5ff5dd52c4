/** What runs a model is told by its pods, one after the other: status has it where it is not known without them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Spec } from "../../operator/api/model.ts";
import { type Provider, providers } from "../../server/contract.ts";
import { pass, rounds, served, settle } from "./pass.ts";
import { edit, type World } from "./world.ts";

const either: Partial<Spec> = { replicas: 2, server: { session: { providers: ["cuda", "cpu"] } } };
const onGpu: Partial<Spec> = { replicas: 2, gpu: { resourceName: "nvidia.com/gpu", count: 1 } };

/** What each ready pod of a version tells, in turn; undefined: it has not been asked. */
function tell(world: World, version: string, ...told: readonly (Provider | undefined)[]): void {
  const own = world.pods.filter((pod) => pod.version === version && !pod.deleting).map(({ uid }) => uid);
  assert.equal(own.length, told.length);
  world.pods = world.pods.map(({ provider, ...pod }) => {
    const index = own.indexOf(pod.uid);
    const now = index === -1 ? provider : told[index];
    return { ...pod, ...(now === undefined ? {} : { provider: now }) };
  });
}

function providerOf(world: World, version = "v1"): string | undefined {
  return world.status?.versions?.find(({ name }) => name === version)?.provider;
}

function eventsOf(world: World): readonly string[] {
  return pass(world).announcements.flatMap(({ type, reason, message }) =>
    reason === "ProviderRefused" ? [`${type} ${message}`] : [],
  );
}

for (const [what, spec] of [
  ["names providers", either],
  ["asks for a GPU", onGpu],
] as const) {
  test(`a version that ${what} says what runs it, once a pod has told`, () => {
    const world = served(spec);
    assert.equal(providerOf(world), undefined);
    tell(world, "v1", undefined, "cuda");
    assert.deepEqual(eventsOf(world), []);
    assert.equal(providerOf(world), "cuda");
    tell(world, "v1", "cpu", "cuda");
    pass(world);
    assert.equal(providerOf(world), "cuda, cpu");
    tell(world, "v1", "cuda", "cuda");
    pass(world);
    assert.equal(providerOf(world), "cuda", "all have told, and none of them what was told before");
    assert.equal(providerOf(world, "v2"), undefined);
  });
}

test("of a version that runs on the CPU without being asked, nothing is said, and nothing changes", () => {
  const specs: readonly Partial<Spec>[] = [
    { replicas: 2 },
    { replicas: 2, server: { session: { providers: ["cpu"] } } },
    { replicas: 2, gpu: { resourceName: "amd.com/gpu", count: 1 } },
    { ...onGpu, server: { session: { providers: ["cpu"] } } },
  ];
  for (const spec of specs) {
    const world = served(spec);
    const before = JSON.stringify(world.status);
    tell(world, "v1", "cpu", "cuda");
    assert.deepEqual(eventsOf(world), []);
    assert.equal(JSON.stringify(world.status), before);
  }
});

test("an operator that starts, and learns in any order what another one had told, writes nothing", () => {
  const one = fc.constantFrom(...providers);
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(3)), (told, order) => {
      const world = served({ ...either, replicas: told.length });
      tell(world, "v1", ...told);
      pass(world);
      const before = JSON.stringify(world.status);
      const known: (Provider | undefined)[] = told.map(() => undefined);
      for (const index of [-1, ...order.filter((at) => at < told.length), ...told.keys()]) {
        if (index >= 0) known[index] = told[index];
        tell(world, "v1", ...known);
        assert.deepEqual(eventsOf(world), []);
        assert.equal(JSON.stringify(world.status), before);
      }
    }),
    { numRuns: 50 },
  );
});

test("the last word of a pod that is not ready now stands, until it is gone", () => {
  const world = served(either);
  tell(world, "v1", "cuda", "cpu");
  pass(world);
  const rest = (ready: (index: number) => boolean): void => {
    world.pods = world.pods.map((pod, index) => ({ ...pod, ready: ready(index) }));
    pass(world);
  };
  rest((index) => index === 0);
  assert.equal(providerOf(world), "cuda, cpu");
  rest(() => false);
  assert.equal(providerOf(world), "cuda, cpu");
  rest(() => true);
  world.pods = world.pods.slice(0, 1);
  pass(world);
  assert.equal(providerOf(world), "cuda");
});

test("another revision of a version says nothing of the one before", () => {
  const world = served(either);
  tell(world, "v1", "cpu", "cpu");
  pass(world);
  assert.equal(providerOf(world), "cpu");
  edit(world, { restartToken: "again" });
  pass(world);
  pass(world);
  assert.equal(providerOf(world), undefined);
  settle(world);
  assert.equal(providerOf(world), undefined);
});

test("each version by what it was made with, whatever the spec asks for by now", () => {
  const world = served(either);
  tell(world, "v1", "cuda", "cuda");
  pass(world);
  edit(world, { version: "v2", server: {} });
  rounds(world, () => world.status?.currentVersion === "v2");
  tell(world, "v2", "cpu", "cpu");
  assert.deepEqual(eventsOf(world), []);
  assert.deepEqual([providerOf(world), providerOf(world, "v2")], ["cuda", undefined]);
  edit(world, { replicas: 0 });
  world.now += 600_000;
  settle(world);
  assert.deepEqual([providerOf(world), providerOf(world, "v2")], [undefined, undefined]);
});

test("what somebody else wrote into the status is not told on", () => {
  const world = served(either);
  const versions = world.status?.versions?.map((version) => ({ ...version, provider: "cuda, abacus,cpu" }));
  world.status = { ...world.status, versions: versions ?? [] };
  pass(world);
  assert.equal(providerOf(world), "cuda");
});

test("pods that could not use a GPU are an Event, once for each revision", () => {
  const world = served(either);
  tell(world, "v1", "cuda", undefined);
  assert.deepEqual(eventsOf(world), []);
  tell(world, "v1", "cuda", "cpu");
  const message = "runs on cuda, cpu: a pod could not use the GPU, and its log says why";
  assert.deepEqual(eventsOf(world), [`Warning version v1 ${message}`]);
  tell(world, "v1", "cpu", "cpu");
  assert.deepEqual(eventsOf(world), []);
  assert.equal(providerOf(world), "cpu");
  edit(world, { version: "v2" });
  rounds(world, () => world.status?.currentVersion === "v2");
  tell(world, "v2", "cpu", "cpu");
  assert.equal(eventsOf(world).length, 1);
  edit(world, { version: "v1" });
  rounds(world, () => world.status?.currentVersion === "v1");
  assert.deepEqual([providerOf(world), providerOf(world, "v2")], ["cpu", "cpu"]);
  assert.deepEqual(eventsOf(world), [], "of these pods it was told");
  edit(world, { restartToken: "again" });
  settle(world);
  tell(world, "v1", "cpu", "cpu");
  assert.equal(eventsOf(world).length, 1, "of another revision it is told anew");
});

test("a pod that comes and goes is no news each time", () => {
  const world = served(either);
  tell(world, "v1", "cuda", "cpu");
  assert.equal(eventsOf(world).length, 1);
  const own = world.pods;
  for (let times = 0; times < 3; times++) {
    world.pods = own.map((pod, index) => ({ ...pod, ready: index === 0 }));
    assert.deepEqual(eventsOf(world), []);
    world.pods = own;
    assert.deepEqual(eventsOf(world), [], "it was told");
  }
});
