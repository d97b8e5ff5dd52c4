import assert from "node:assert/strict";
import { test } from "node:test";
import type { CrashReport } from "../server/contract.ts";
import { createManualClock } from "./kube/test-clock.ts";
import { type AskedPod, createPodCrashes } from "./pod-crashes.ts";

const crash: CrashReport = { requestId: "r", inputs: "ab".repeat(32), message: "SIGFPE", secondsAgo: 5 };

function start(pods: AskedPod[], reports: Map<string, CrashReport>) {
  const clock = createManualClock();
  const state = { mayAsk: true };
  const asked: string[] = [];
  const found: string[] = [];
  const crashes = createPodCrashes({
    pods: () => [...pods],
    ask: async (address) => {
      asked.push(address);
      return reports.get(address);
    },
    mayAsk: () => state.mayAsk,
    onFound: (model) => found.push(model),
    clock,
  });
  crashes.start();
  return { clock, state, asked, found, crashes };
}

function pod(name: string): AskedPod {
  return { uid: name, model: `default/${name[0]}`, address: `10.0.0.${name}` };
}

test("each pod is asked once a minute, and a crash is told once, with the time of the first look", async () => {
  const reports = new Map([["10.0.0.a1", crash]]);
  const { clock, asked, found, crashes } = start([pod("a1"), pod("b1")], reports);
  await clock.advance(59_999);
  assert.deepEqual(asked, ["10.0.0.a1", "10.0.0.b1"]);
  assert.deepEqual(found, ["default/a"]);
  const at = clock.now() - 59_999 - 5000;
  assert.deepEqual(crashes.of("a1"), { requestId: "r", inputs: crash.inputs, message: "SIGFPE", at });
  assert.equal(crashes.of("b1"), undefined);
  reports.set("10.0.0.a1", { ...crash, secondsAgo: 64 });
  await clock.advance(60_000);
  assert.equal(asked.length, 4);
  assert.equal(crashes.of("a1")?.at, at, "it is the same crash, a second off");
  reports.set("10.0.0.a1", { ...crash, requestId: "another" });
  await clock.advance(60_000);
  assert.deepEqual(found, ["default/a", "default/a"]);
  await crashes.stop();
  assert.equal(clock.pending(), 0);
});

test("a pod that tells of no crash any more is believed to have told one; one that is gone is forgotten", async () => {
  const pods = [pod("a1")];
  const reports = new Map([["10.0.0.a1", crash]]);
  const { clock, crashes } = start(pods, reports);
  await clock.advance(1);
  reports.clear();
  await clock.advance(60_000);
  assert.equal(crashes.of("a1")?.requestId, "r");
  pods.length = 0;
  await clock.advance(60_000);
  assert.equal(crashes.of("a1"), undefined);
  await crashes.stop();
});

test("who is not the leader asks nobody; many pods are asked no faster than 20 a second", async () => {
  const pods = Array.from({ length: 2400 }, (_, index) => pod(`a${index}`));
  const { clock, state, asked, crashes } = start(pods, new Map());
  await clock.advance(999);
  assert.equal(asked.length, 20);
  await clock.advance(119_001);
  assert.equal(asked.length, 2401, "a round of two minutes, and the next one has begun");
  state.mayAsk = false;
  await clock.advance(120_000);
  const before = asked.length;
  await clock.advance(300_000);
  assert.equal(asked.length, before);
  await crashes.stop();
  assert.equal(clock.pending(), 0);
});
