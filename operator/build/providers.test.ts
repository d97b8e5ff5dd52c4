import assert from "node:assert/strict";
import { test } from "node:test";
import { needsGpuImage, providersOf } from "./providers.ts";

const gpu = { count: 1, resourceName: "nvidia.com/gpu" } as const;

test("a pod with an NVIDIA GPU uses it or fails, unless the model says otherwise", () => {
  assert.deepEqual(providersOf(undefined, gpu), ["cuda"]);
  assert.deepEqual(providersOf({ workers: 2 }, { ...gpu, resourceName: "nvidia.com/mig-1g.5gb" }), ["cuda"]);
  assert.deepEqual(providersOf({ providers: ["cuda", "cpu"] }, gpu), ["cuda", "cpu"]);
  assert.deepEqual(providersOf({ providers: ["cpu"] }, gpu), ["cpu"]);
});

test("without one, or with that of another maker, the server decides", () => {
  assert.equal(providersOf(undefined, undefined), undefined);
  assert.equal(providersOf({ workers: 2 }, { ...gpu, resourceName: "amd.com/gpu" }), undefined);
});

test("the image for GPUs is needed by whatever may end up on one", () => {
  assert.deepEqual(
    [undefined, ["cpu"], ["cuda"], ["cuda", "cpu"], ["tensorrt"]].map((providers) =>
      needsGpuImage(providers as ReturnType<typeof providersOf>),
    ),
    [false, false, true, true, true],
  );
});
