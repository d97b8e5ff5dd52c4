import assert from "node:assert/strict";
import { test } from "node:test";
import { installation } from "./setup.ts";

test("helm test, in a namespace that takes restricted pods only, finds an operator that works", async () => {
  const { node } = await installation();
  const { stdout } = await node.helm(["test", "slipway", "--namespace", "slipway-system", "--logs", "--timeout", "2m"]);
  assert.match(stdout, /Phase: +Succeeded/);
  assert.match(stdout, /ok: the API server serves slipway\.dev\/v1alpha1 modeldeployments/);
  assert.match(stdout, /ok: 2 operator pods are ready, one of them holds the lease/);
});
