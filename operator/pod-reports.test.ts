import assert from "node:assert/strict";
import { test } from "node:test";
import type { CrashReport } from "../server/contract.ts";
import { createManualClock } from "./kube/test-clock.ts";
import type { AskedReport } from "./pod-report.ts";
import { type AskedPod, createPodReports } from "./pod-reports.ts";

const crash: CrashReport = { requestId: "r", inputs: "ab".repeat(32), message: "SIGFPE", secondsAgo: 5 };

function start(pods: AskedPod[], told: Map<string, Partial<AskedReport>>) {
  const clock = createManualClock();
  const state = { mayAsk: true };
  const asked: string[] = [];
  const found: string[] = [];
  const unready = new Set<string>();
  const reports = createPodReports({
    pods: () => pods.filter(({ uid }) => !unready.has(uid)),
    uids: () => new Set(pods.map(({ uid }) => uid)),
    ask: async (address) => {
      asked.push(address);
      return { crash: undefined, provider: undefined, ...told.get(address) };
    },
    mayAsk: () => state.mayAsk,
    onFound: (model) => found.push(model),
    clock,
  });
  reports.start();
  return { clock, state, unready, asked, found, reports };
}

function pod(name: string): AskedPod {
  return { uid: name, model: `default/${name[0]}`, address: `10.0.0.${name}` };
}

test("each pod is asked once a minute, and a crash is told once, with the time of the first look", async () => {
  const told = new Map<string, Partial<AskedReport>>([["10.0.0.a1", { crash }]]);
  const { clock, asked, found, reports } = start([pod("a1"), pod("b1")], told);
  await clock.advance(59_999);
  assert.deepEqual(asked, ["10.0.0.a1", "10.0.0.b1"]);
  assert.deepEqual(found, ["default/a"]);
  const at = clock.now() - 59_999 - 5000;
  const repeatedCrash = { requestId: "r", inputs: crash.inputs, message: "SIGFPE", at };
  assert.deepEqual(reports.of("a1"), { repeatedCrash });
  assert.deepEqual(reports.of("b1"), {});
  told.set("10.0.0.a1", { crash: { ...crash, secondsAgo: 64 } });
  await clock.advance(60_000);
  assert.equal(asked.length, 4);
  assert.equal(reports.of("a1").repeatedCrash?.at, at, "it is the same crash, a second off");
  told.set("10.0.0.a1", { crash: { ...crash, requestId: "another" } });
  await clock.advance(60_000);
  assert.deepEqual(found, ["default/a", "default/a"]);
  told.set("10.0.0.a1", { crash: { ...crash, requestId: "another", inputs: "cd".repeat(32) } });
  await clock.advance(60_000);
  assert.equal(found.length, 3);
  await reports.stop();
  assert.equal(clock.pending(), 0);
});

test("what runs the model is told once, and again when it has changed; neither word undoes the other", async () => {
  const told = new Map<string, Partial<AskedReport>>([["10.0.0.a1", { provider: "cuda" }]]);
  const { clock, found, reports } = start([pod("a1")], told);
  await clock.advance(120_000);
  assert.deepEqual(reports.of("a1"), { provider: "cuda" });
  assert.deepEqual(found, ["default/a"]);
  told.set("10.0.0.a1", { crash });
  await clock.advance(60_000);
  assert.deepEqual([reports.of("a1").provider, reports.of("a1").repeatedCrash?.requestId], ["cuda", "r"]);
  told.set("10.0.0.a1", { provider: "cpu" });
  await clock.advance(60_000);
  assert.deepEqual([reports.of("a1").provider, reports.of("a1").repeatedCrash?.requestId], ["cpu", "r"]);
  assert.equal(found.length, 3);
  await reports.stop();
});

test("a pod that tells nothing any more is believed to be as it was; one that is gone is forgotten", async () => {
  const pods = [pod("a1")];
  const told = new Map<string, Partial<AskedReport>>([["10.0.0.a1", { crash, provider: "cpu" }]]);
  const { clock, state, unready, found, reports } = start(pods, told);
  await clock.advance(1);
  unready.add("a1");
  await clock.advance(180_000);
  assert.equal(reports.of("a1").provider, "cpu", "one that is not ready for a while");
  unready.clear();
  state.mayAsk = false;
  await clock.advance(180_000);
  assert.equal(reports.of("a1").provider, "cpu", "while another operator acts");
  state.mayAsk = true;
  await clock.advance(60_000);
  told.clear();
  await clock.advance(60_000);
  assert.deepEqual([reports.of("a1").provider, reports.of("a1").repeatedCrash?.requestId], ["cpu", "r"]);
  assert.equal(found.length, 1);
  pods.length = 0;
  await clock.advance(60_000);
  assert.deepEqual(reports.of("a1"), {});
  await reports.stop();
});

test("who is not the leader asks nobody; many pods are asked no faster than 20 a second", async () => {
  const pods = Array.from({ length: 2400 }, (_, index) => pod(`a${index}`));
  const { clock, state, asked, reports } = start(pods, new Map());
  await clock.advance(999);
  assert.equal(asked.length, 20);
  await clock.advance(119_001);
  assert.equal(asked.length, 2401, "a round of two minutes, and the next one has begun");
  state.mayAsk = false;
  await clock.advance(120_000);
  const before = asked.length;
  await clock.advance(300_000);
  assert.equal(asked.length, before);
  await reports.stop();
  assert.equal(clock.pending(), 0);
});
