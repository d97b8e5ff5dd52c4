import assert from "node:assert/strict";
import { test } from "node:test";
import {
  defaultKubernetesVersion,
  demandDefaultVersion,
  kubernetesModule,
  kubernetesVersion,
} from "./kubernetes-module.ts";

test("the version is the default unless SLIPWAY_KUBERNETES names another that has pins", () => {
  assert.equal(kubernetesVersion({}), defaultKubernetesVersion);
  assert.equal(kubernetesVersion({ SLIPWAY_KUBERNETES: "" }), defaultKubernetesVersion);
  assert.equal(kubernetesVersion({ SLIPWAY_KUBERNETES: "v1.30.14" }), "v1.30.14");
  assert.throws(
    () => kubernetesVersion({ SLIPWAY_KUBERNETES: "1.30" }),
    /is 1\.30; there are pins for v1\.36\.3, v1\.30/,
  );
});

test("another version is built from its own pins, as a control plane alone, and says which it is", () => {
  const module = kubernetesModule("v1.30.14");
  assert.equal(module.pins, "versions/v1.30.14");
  assert.ok(!module.links.includes("kubelet"));
  assert.match(module.linkerFlags, /gitVersion=v1\.30\.14 .*gitMajor=1 .*gitMinor=30 /);
  assert.throws(() => demandDefaultVersion("v1.30.14"), /unset it/);
  assert.doesNotThrow(() => demandDefaultVersion(defaultKubernetesVersion));
});
