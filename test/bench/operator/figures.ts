import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { defaultIdleMs } from "../../../operator/kube/watch/reflector.ts";
import { repositoryDirectory } from "../../cluster/directories.ts";
import type { Figure, Reading } from "../figure.ts";
import { milliseconds, round, seconds, spreadOf } from "../spread.ts";
import type { Counts } from "./audit.ts";
import { edit, editInTurn, newDeployment } from "./edit.ts";
import type { OperatorGround } from "./ground.ts";
import { applyFloor, applyModels, cpuOf, deleteModels, difference, type LoadReading, settled } from "./load.ts";

/** In the order in which they share the least work: those that begin with nothing, then those that need many models. */
export const operatorFigures: readonly Figure<OperatorGround>[] = [
  { name: "crd", title: "size of the CRD", target: "< 64 KB", measure: crdSize },
  { name: "one", title: "one object: apply to Deployment, p50", target: "≤ 20 ms", measure: oneObject },
  {
    name: "requests",
    title: "requests per new object, until Ready",
    target: "0 GETs, 0 dry runs, ≤ 8 writes",
    measure: requestsPerObject,
  },
  {
    name: "steady",
    title: "100 at 10/s: apply to Deployment, p50 / p99",
    target: "≤ 50 / 250 ms",
    measure: steadyLoad,
  },
  { name: "busy", title: "500 at 50/s: all children", target: "≤ 1.2 × floor", measure: busyLoad },
  {
    name: "burst",
    title: "burst of 1,000: all children; operator CPU",
    target: "≤ 1.2 × floor; ≤ 10 s",
    measure: burst,
  },
  { name: "memory", title: "operator memory at 0 / 1,000", target: "≤ 90 / ≤ 115 MiB", measure: memory },
  { name: "idle", title: "idle minute with 1,000", target: "0 reads, 0 writes, 0.04 s CPU", measure: idleMinute },
  { name: "edit", title: "edit to Deployment with 1,000, p50", target: "≤ 20 ms", measure: editAmongMany },
  {
    name: "edit-burst",
    title: "edit to Deployment with 1,000, during a burst of 500 more, p50",
    target: "≤ 100 ms",
    measure: editDuringBurst,
  },
  { name: "restart", title: "restart with 1,000", target: "lists only, 0 writes, edit seen ≤ 3 s", measure: restart },
  { name: "delete", title: "delete 1,000", target: "≥ 60/s", measure: deletion },
];

const steadyPerSecond = 10;
const busyPerSecond = 50;
/** Of single objects and edits: enough for a median. */
const repeats = 9;
/** An edit's rollout is over by then: a pod turns ready 0.2 s after it has a node. */
const betweenEditsMs = 1_500;
const betweenBurstEditsMs = 150;

async function crdSize(): Promise<Reading> {
  const { size } = await stat(join(repositoryDirectory, "crds", "modeldeployment.yaml"));
  return { value: `${(size / 1000).toFixed(1)} KB`, detail: { bytes: size } };
}

async function oneObject(ground: OperatorGround): Promise<Reading> {
  const readings = await single(ground);
  const spread = spreadOf(readings.map(({ deployment }) => deployment.most));
  const ready = spreadOf(readings.map(({ ready: one }) => one?.most ?? Number.NaN));
  return {
    value: `${milliseconds(spread.p50)} (Ready ${milliseconds(ready.p50)})`,
    detail: { deployment: spread, ready, readings },
  };
}

async function requestsPerObject(ground: OperatorGround): Promise<Reading> {
  const readings = await single(ground);
  const sum = (of: (reading: LoadReading) => number | undefined): number =>
    readings.reduce((total, reading) => total + (of(reading) ?? 0), 0) / readings.length;
  const calls = new Set(readings.flatMap(({ requests }) => Object.keys(requests?.byCall ?? {})));
  const byCall = Object.fromEntries(
    [...calls].toSorted().map((call) => [call, round(sum(({ requests }) => requests?.byCall[call]))]),
  );
  const [gets, lists, dryRuns, writes] = (["gets", "lists", "dryRuns", "writes"] as const).map((kind) =>
    round(sum(({ requests }) => requests?.[kind])),
  );
  return {
    value: `${(gets ?? 0) + (lists ?? 0)} reads, ${dryRuns} dry runs, ${writes} writes`,
    detail: { byCall, readings },
  };
}

/** The first after a start pays for connections and cold code; it is not counted. */
async function single(ground: OperatorGround): Promise<readonly LoadReading[]> {
  await empty(ground);
  await applyModels(ground, 1, 0);
  const readings: LoadReading[] = [];
  for (let turn = 0; turn < repeats; turn += 1) readings.push(await applyModels(ground, 1, 0));
  return readings;
}

async function steadyLoad(ground: OperatorGround): Promise<Reading> {
  await empty(ground);
  const reading = await applyModels(ground, Math.ceil(ground.objects / 10), steadyPerSecond);
  const { deployment } = reading;
  return { value: `${milliseconds(deployment.p50)} / ${milliseconds(deployment.p99)}`, detail: reading };
}

async function busyLoad(ground: OperatorGround): Promise<Reading> {
  const count = Math.ceil(ground.objects / 2);
  const { floor, reading } = await withFloor(ground, count, busyPerSecond);
  return { value: againstFloor(floor, reading), floor: seconds(floor.childrenMs), detail: { floor, reading } };
}

async function burst(ground: OperatorGround): Promise<Reading> {
  const { floor, reading } = await withFloor(ground, ground.objects, 0);
  const cpu = seconds(reading.cpuMs["operator"] ?? Number.NaN);
  return {
    value: `${againstFloor(floor, reading)}; CPU ${cpu}`,
    floor: seconds(floor.childrenMs),
    detail: { floor, reading },
  };
}

async function withFloor(
  ground: OperatorGround,
  count: number,
  perSecond: number,
): Promise<{ readonly floor: LoadReading; readonly reading: LoadReading }> {
  await empty(ground);
  await ground.stopOperator();
  const floor = await applyFloor(ground, count, perSecond);
  await deleteModels(ground);
  await ground.startOperator();
  await warmUp(ground);
  return { floor, reading: await applyModels(ground, count, perSecond) };
}

function againstFloor(floor: LoadReading, { childrenMs }: LoadReading): string {
  return `${seconds(childrenMs)} = ${(childrenMs / floor.childrenMs).toFixed(2)} × floor`;
}

/** Then once more by an operator that renews no lease, as one of a single replica may run. */
async function idleMinute(ground: OperatorGround): Promise<Reading> {
  await full(ground);
  await delay(firstSilenceMs);
  const idle = await minute(ground);
  await ground.stopOperator();
  await ground.startOperator(["--leader-elect=false"]);
  await delay(firstSilenceMs);
  const leaseless = await minute(ground);
  await ground.stopOperator();
  // What comes next is not about a start.
  await ground.startOperator();
  await delay(settleMs);
  const { counts } = idle;
  const [cpu, cpuWithoutLease] = [idle, leaseless].map(({ cpuMs }) => seconds(cpuMs["operator"] ?? Number.NaN));
  return {
    value: `${counts.lists + counts.gets} reads, ${counts.writes} writes, ${cpu} CPU; ${cpuWithoutLease} without the ${counts.leases} lease renewals`,
    detail: { idle, leaseless },
  };
}

/**
 * The state that lasts for hours begins with the first silence of every watch, {@link defaultIdleMs} after its last
 * event: each is opened anew once, on a new connection, and looked after on the same one from then on.
 */
const firstSilenceMs = defaultIdleMs + 20_000;

async function minute(ground: OperatorGround): Promise<{ counts: Counts; cpuMs: Readonly<Record<string, number>> }> {
  ground.audit.start();
  const before = cpuOf(ground);
  await delay(60_000);
  return { counts: ground.audit.counts(), cpuMs: difference(before, cpuOf(ground)) };
}

async function memory(ground: OperatorGround): Promise<Reading> {
  await full(ground);
  await delay(settleMs);
  const { memoryMebibytes } = ground.operator().usage();
  await ground.stopOperator();
  await ground.startOperator();
  await delay(settleMs);
  const restarted = ground.operator().usage().memoryMebibytes;
  return {
    value: `${ground.emptyMemoryMebibytes} / ${memoryMebibytes} MiB (restarted with them: ${restarted})`,
    detail: { empty: ground.emptyMemoryMebibytes, full: memoryMebibytes, restarted },
  };
}

/** Of the operator's memory, until V8 has collected what it read at its start. */
const settleMs = 10_000;

async function editAmongMany(ground: OperatorGround): Promise<Reading> {
  await full(ground);
  const delays = await editInTurn(ground, some(ground, repeats), { pauseMs: betweenEditsMs });
  const spread = spreadOf(delays);
  await settled(ground);
  return { value: `${milliseconds(spread.p50)} (longest ${milliseconds(spread.most)})`, detail: { spread, delays } };
}

/** The burst is half as large as there are models already, so that it lasts for a good number of edits. */
async function editDuringBurst(ground: OperatorGround): Promise<Reading> {
  await full(ground);
  const models = some(ground, ground.objects);
  let isOver = false;
  const load = applyModels(ground, Math.ceil(ground.objects / 2), 0).finally(() => (isOver = true));
  await delay(betweenBurstEditsMs);
  const goesOn = (): boolean => !isOver && ground.seen.left() < (models.length + ground.objects / 2) * 6;
  const delays = await editInTurn(ground, models, { pauseMs: betweenBurstEditsMs, goesOn });
  const reading = await load;
  const spread = spreadOf(delays);
  return {
    value: `${milliseconds(spread.p50)} (longest ${milliseconds(spread.most)} of ${spread.count})`,
    detail: { spread, delays, burst: reading },
  };
}

async function restart(ground: OperatorGround): Promise<Reading> {
  await full(ground);
  const [, first = "", second = ""] = some(ground, 3);
  const versions = ground.seen.versions();

  const begun = performance.now();
  await ground.stopOperator();
  const stopMs = performance.now() - begun;
  ground.audit.start();
  await ground.startOperator();
  await settled(ground);
  const counts = ground.audit.counts();
  const now = ground.seen.versions();
  const changed = [...versions].filter(([uid, version]) => now.get(uid) !== version).length;

  await ground.stopOperator();
  const known = new Set(ground.seen.sight(first).deployments.keys());
  await edit(ground, first);
  const started = performance.now();
  await ground.startOperator();
  const seenMs = (await newDeployment(ground, first, known)) - started;
  const [laterMs = Number.NaN] = await editInTurn(ground, [second], { pauseMs: 0 });
  await settled(ground);
  return {
    value: `${counts.lists} lists, ${counts.gets} GETs, ${counts.writes} writes; edit seen ${seconds(seenMs)} after the start`,
    detail: { counts, changedObjects: changed, stopMs, editMadeWhileDownMs: seenMs, editAfterMs: laterMs },
  };
}

async function deletion(ground: OperatorGround): Promise<Reading> {
  await full(ground);
  const before = cpuOf(ground);
  ground.audit.start();
  const gone = await deleteModels(ground);
  const perSecond = (gone.count * 1000) / gone.restMs;
  return {
    value: `${perSecond.toFixed(0)}/s with all children (${seconds(gone.restMs)} for ${gone.count})`,
    detail: { ...gone, counts: ground.audit.counts(), cpuMs: difference(before, cpuOf(ground)) },
  };
}

async function empty(ground: OperatorGround): Promise<void> {
  await ground.startOperator();
  if (ground.seen.models().length > 0) await deleteModels(ground);
}

/** As many models as the run stands for, all Ready, and the operator at rest. */
async function full(ground: OperatorGround): Promise<void> {
  await ground.startOperator();
  const missing = ground.objects - ground.seen.models().length;
  if (missing > 0) await applyModels(ground, missing, 0);
  // The burst among whose objects edits were made left its own.
  if (missing < 0) await deleteModels(ground, ground.seen.models().slice(missing));
  await settled(ground);
}

/** The first objects after a start open connections and are met by cold code. */
async function warmUp(ground: OperatorGround): Promise<void> {
  await applyModels(ground, 3, 0);
  await deleteModels(ground);
}

function some(ground: OperatorGround, count: number): readonly string[] {
  return ground.seen.models().slice(0, count);
}
