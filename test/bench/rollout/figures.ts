import type { Figure, Reading } from "../figure.ts";
import { milliseconds, seconds, spreadOf } from "../spread.ts";
import { changeRatePerSecond, changeReplicas, type ChangeReading, type ForthAndBack } from "./change.ts";
import { changesTogether } from "./changes-together.ts";
import { firstPrediction, type FirstReading } from "./first.ts";
import type { RolloutGround } from "./ground.ts";

export const rolloutFigures: readonly Figure<RolloutGround>[] = [
  { name: "first", title: "apply to first prediction, warm node, p50 / most", target: "≤ 5 s", measure: first },
  {
    name: "update",
    title: `update of ${changeReplicas} pods under ${changeRatePerSecond}/s: failed, longest gap, until done`,
    target: "0 failed",
    measure: update,
  },
  {
    name: "rollback",
    title: `back again under ${changeRatePerSecond}/s: failed, longest gap, last answer of v2`,
    target: "0 failed",
    measure: rollback,
  },
];

const firstRepeats = 7;

async function first(ground: RolloutGround): Promise<Reading> {
  // The first model finds an image that no pod has used yet; it is not counted.
  await firstPrediction(ground, "first-0");
  const readings: FirstReading[] = [];
  for (let turn = 1; turn <= firstRepeats; turn += 1) readings.push(await firstPrediction(ground, `first-${turn}`));
  await ground.clear();
  const spread = spreadOf(readings.map(({ firstMs }) => firstMs));
  const names = [...new Set(readings.flatMap(({ phases }) => Object.keys(phases)))];
  const phases = Object.fromEntries(
    names.map((name) => [name, spreadOf(readings.flatMap((reading) => reading.phases[name] ?? []))]),
  );
  return { value: `${seconds(spread.p50)} / ${seconds(spread.most)}`, detail: { spread, phases, readings } };
}

async function update(ground: RolloutGround): Promise<Reading> {
  return changeReading(await ground.changes(), ({ update: reading }) => reading, "durationMs");
}

async function rollback(ground: RolloutGround): Promise<Reading> {
  return changeReading(await ground.changes(), ({ rollback: reading }) => reading, "lastOldAnswerMs");
}

/** The floor is the longest gap of the same load while nothing was changed. */
function changeReading(
  changes: readonly ForthAndBack[],
  of: (change: ForthAndBack) => ChangeReading,
  time: "durationMs" | "lastOldAnswerMs",
): Reading {
  const together = changesTogether(changes.map(of));
  const calmGapMs = Math.max(...changes.map(({ calm }) => calm.longestGapMs));
  const took = together[time];
  return {
    value: [
      // A client that gets no processor time sends fewer requests than it was told to.
      `${together.failed} of ${together.requests} failed at ${together.ratePerSecond}/s`,
      `gap ${milliseconds(together.longestGapMs)}`,
      `${seconds(took.p50)} (most ${seconds(took.most)})`,
    ].join(", "),
    floor: `gap ${milliseconds(calmGapMs)}`,
    detail: { together, calmGapMs, calm: changes.map(({ calm }) => calm), readings: changes.map(of) },
  };
}
