import { setTimeout as delay } from "node:timers/promises";
import { loadDuring } from "../../e2e/load.ts";
import { model, pushVersions } from "../../e2e/models.ts";
import { reached } from "../../e2e/wait.ts";
import type { LoadSummary } from "../../load/tally.ts";
import type { RolloutGround } from "./ground.ts";

/** One change of a model's version under load. Milliseconds. */
export interface ChangeReading {
  readonly summary: LoadSummary;
  /** From the edit until the new version serves with every replica; looked for ten times a second. */
  readonly durationMs: number;
  /** From the edit until the new version's first answer, and until the old one's last. */
  readonly firstAnswerMs: number;
  readonly lastOldAnswerMs: number;
}

/** A model's way to v2 and back, and the same load while nothing is changed. */
export interface ForthAndBack {
  readonly calm: LoadSummary;
  readonly update: ChangeReading;
  readonly rollback: ChangeReading;
}

export const changeReplicas = 3;
export const changeRatePerSecond = 200;
/** How long the client goes on undisturbed before and after a change. */
const calmMs = 2_000;
/** About as long as a change under load. */
const undisturbedMs = 10_000;

/** Everything but the number of replicas is left to the defaults: the new version is complete before it serves. */
export async function changeForthAndBack(ground: RolloutGround, name: string): Promise<ForthAndBack> {
  const { bench } = ground;
  await bench.apply(model(name, await pushVersions(bench, name), { replicas: changeReplicas }));
  await reached(bench, name, "v1");
  const rate = { ratePerSecond: changeRatePerSecond };
  const calm = await loadDuring(bench, name, () => delay(undisturbedMs), rate);
  const update = await changeUnderLoad(ground, name, { from: "v1", to: "v2" });
  const rollback = await changeUnderLoad(ground, name, { from: "v2", to: "v1" });
  return { calm, update, rollback };
}

async function changeUnderLoad(
  { bench }: RolloutGround,
  name: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<ChangeReading> {
  let editedMs = 0;
  let reachedMs = 0;
  const work = async (): Promise<void> => {
    await delay(calmMs);
    editedMs = Date.now();
    await bench.patchModel(name, { version: to });
    await reached(bench, name, to);
    reachedMs = Date.now();
    await delay(calmMs);
  };
  const summary = await loadDuring(bench, name, work, { ratePerSecond: changeRatePerSecond });
  const answered = (version: string, end: "firstMs" | "lastMs"): number =>
    (summary.byVersion[version]?.[end] ?? Number.NaN) - editedMs;
  return {
    summary,
    durationMs: reachedMs - editedMs,
    firstAnswerMs: answered(to, "firstMs"),
    lastOldAnswerMs: answered(from, "lastMs"),
  };
}
