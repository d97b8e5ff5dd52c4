/** Whoever turns spec.replicas is alone with it: the API server's own record of who wrote what is read for that. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { kinds } from "../../../operator/api/kinds.ts";
import {
  type Bench,
  condition,
  digest,
  eventually,
  model,
  type OperatorProcess,
  servesVersion,
  startBench,
} from "./harness.ts";
import { auditModels, isOurs, type ModelAudit } from "./model-audit.ts";

const versions = [{ name: "v1", uri: "oci://registry.test/models/demo:1", digest: digest("1") }];
/** Longer than the operator gathers changes for (20 ms), so that each one has a pass of its own. */
const paceMs = 25;
const passesWanted = 1_000;
/** A pass at each pace takes 25 s, on a machine that does nothing else. */
const patienceMs = 600_000;

let bench: Bench;
let operator: OperatorProcess;
let audit: ModelAudit;

before(async () => {
  audit = await auditModels();
  bench = await startBench({ kind: "ready", digest: digest("1") }, audit.apiServerArguments);
  operator = await bench.startOperator();
});

after(async () => {
  await bench.stop();
  await audit.remove();
});

test("a rival scaler and 1,000 passes: 0 writes of ours to the model but for its status", {
  timeout: 2 * patienceMs,
}, async () => {
  await bench.apply(model("fought", { versions, replicas: 2 }));
  await servesVersion(bench, "fought", "v1");
  const first = await operator.passes();
  const until = Date.now() + patienceMs;
  let made = 0;
  let replicas = 2;
  for (let round = 1; made < passesWanted; round++) {
    assert.ok(Date.now() < until, `${made} passes in ${patienceMs} ms`);
    const body = { metadata: { annotations: { round: String(round) } } };
    await bench.client.patch(kinds.model, "default", "fought", body, { type: "merge", fieldManager: "labeller" });
    await delay(paceMs);
    if (round % 25 !== 0) continue;
    replicas = 1 + (round % 4);
    const scale = { spec: { replicas } };
    const options = { type: "merge", subresource: "scale", fieldManager: "rival" } as const;
    await bench.client.patch(kinds.model, "default", "fought", scale, options);
    made = (await operator.passes()) - first;
  }
  await eventually("the last number is reached", async () => {
    const { currentRevision, readyReplicas } = await bench.status("fought");
    const { spec } = await bench.get("deployment", `fought-${currentRevision}`);
    return spec.replicas === replicas && readyReplicas === replicas;
  });
  assert.ok(made >= passesWanted, `${made} passes`);
  assert.equal((await bench.get("md", "fought")).spec.replicas, replicas);
  const writes = await audit.writesTo("fought");
  assert.ok(
    writes.some((write) => !isOurs(write) && write.part === "scale"),
    "the rival is on record",
  );
  const ours = writes.filter(isOurs);
  assert.ok(
    ours.some(({ part }) => part === "status"),
    "and so are we",
  );
  assert.deepEqual(
    ours.filter(({ part }) => part !== "status"),
    [],
  );
  assert.equal(condition(await bench.status("fought"), "Contested").status, "False");
});
