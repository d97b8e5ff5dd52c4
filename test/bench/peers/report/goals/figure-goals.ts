import type { HealthReading } from "../../figures/health.ts";
import { type OrderReading, rawPeer } from "../../figures/order.ts";
import { scalingCores, type ScalingReading } from "../../figures/scaling.ts";
import { workersName } from "../../peers.ts";
import type { BenchResults } from "../../run-bench.ts";
import { subject } from "../lost-cells.ts";
import { shortNumber } from "../markdown-table.ts";
import { median, pairedRatio, type TurnValue } from "../paired.ts";
import { type Figure, type GoalLine, goalLine } from "./goal-line.ts";

export function figureGoals(results: BenchResults): readonly GoalLine[] {
  return [
    largeBody(results),
    ...healthGoals(results.healths),
    ...startGoals(results),
    ...memoryGoals(results),
    ...scalingGoals(results.scalings),
  ];
}

/** Of the server's own work: what the run takes is taken off on both sides. In the dearer order of sizes. */
function largeBody({ orders, peers }: BenchResults): GoalLine {
  const large = orders.filter(({ size }) => size === "large");
  const run = new Map(large.flatMap(({ peer, turn, cpuMs }) => (peer === rawPeer ? [[turn, cpuMs] as const] : [])));
  const beyond = (peer: string, position: OrderReading["position"]): readonly TurnValue[] =>
    large
      .filter((reading) => reading.peer === peer && reading.position === position)
      .flatMap(({ turn, cpuMs }) => {
        const runMs = run.get(turn);
        return runMs === undefined ? [] : [{ turn, value: cpuMs - runMs }];
      });
  const figures = peers
    .filter(({ kind }) => kind === "floor")
    .flatMap(({ name }) =>
      (["first", "second"] as const).flatMap((position) => {
        const [ours, theirs] = [beyond(subject, position), beyond(name, position)];
        const value = pairedRatio(ours, theirs);
        const detail = `sent ${position}: ${middle(ours)} ms; ${name} ${middle(theirs)} ms`;
        return value === undefined ? [] : [{ value, detail }];
      }),
    );
  const target = { relation: "≤", value: 0.55, unit: "" } as const;
  return goalLine("150,528 floats as JSON: CPU beyond the run, over the floor's", target, highest(figures));
}

function middle(turns: readonly TurnValue[]): string {
  return shortNumber(median(turns.map(({ value }) => value)) ?? 0);
}

function healthGoals(healths: readonly HealthReading[]): readonly GoalLine[] {
  const during = {
    "conv224 under load": "readiness while c8 JSON saturates conv224",
    "553 MB load": "liveness while a model of 553 MB loads",
    "64 MiB body": "readiness while bodies of 64 MiB are decoded",
  } as const;
  return Object.entries(during).flatMap(([name, goal]) => {
    const found = healths.find((reading) => reading.peer === subject && reading.during === name);
    return [
      healthLine(`${goal}: p99`, 5, found, ({ p99 }) => p99),
      healthLine(`${goal}: longest`, 50, found, ({ most }) => most),
    ];
  });
}

/** What an idle process took meanwhile is told beside it: that much is the machine's. */
function healthLine(
  goal: string,
  value: number,
  reading: HealthReading | undefined,
  of: (spread: HealthReading["latencyMs"]) => number,
): GoalLine {
  const target = { relation: "<", value, unit: " ms" } as const;
  if (reading === undefined || reading.latencyMs.count === 0) return goalLine(goal, target, undefined);
  const { latencyMs, idleMs, failed } = reading;
  const failures = failed > 0 ? `${failed} failed; ` : "";
  const line = goalLine(goal, target, {
    value: of(latencyMs),
    detail: `${failures}idle process ${shortNumber(of(idleMs))} ms`,
  });
  // However quick the others were.
  return failed > 0 ? { ...line, verdict: "lost" } : line;
}

function startGoals({ starts }: BenchResults): readonly GoalLine[] {
  const goals = [
    { model: "ocr", title: "text-direction classifier", value: 0.35 },
    { model: "large", title: "model of 553 MB", value: 2.5 },
  ];
  return goals.map(({ model, title, value }) => {
    const own = starts.filter((reading) => reading.peer === subject && reading.model === model);
    const ms = median(own.map((reading) => reading.ms));
    const target = { relation: "≤", value, unit: " s" } as const;
    return goalLine(`start to first inference, ${title}`, target, ms === undefined ? undefined : { value: ms / 1000 });
  });
}

function memoryGoals({ memories }: BenchResults): readonly GoalLine[] {
  const loaded = (workers: number, model: string): number | undefined =>
    memories.find((reading) => reading.peer === workersName(workers) && reading.model === model)?.loadedMebibytes;
  const pictures = loaded(2, "conv224");
  const [one, four] = [loaded(1, "mlp"), loaded(4, "mlp")];
  const ratio =
    one === undefined || four === undefined
      ? undefined
      : { value: four / one, detail: `${four} MiB; 1 worker ${one} MiB` };
  return [
    goalLine(
      "PSS with conv224 after c8, 2 workers",
      { relation: "≤", value: 180, unit: " MiB" },
      pictures === undefined ? undefined : { value: pictures },
    ),
    goalLine("PSS with the large MLP, 4 workers over 1", { relation: "≤", value: 1.15, unit: "" }, ratio),
  ];
}

/** Of what so many cores would answer if each were worth what each of the fewest is; in the model that grows least. */
function scalingGoals(scalings: readonly ScalingReading[]): readonly GoalLine[] {
  const [fewest, ...more] = scalingCores;
  return more.map((cores) => {
    const models = [...new Set(scalings.map(({ model }) => model))];
    const figures = models.flatMap((model) => {
      const each = (count: number): readonly TurnValue[] =>
        scalings
          .filter((reading) => reading.model === model && reading.cores === count)
          .map(({ turn, perSecond }) => ({ turn, value: perSecond / count }));
      const value = pairedRatio(each(cores), each(fewest));
      return value === undefined ? [] : [{ value, detail: model }];
    });
    const lowest = figures.toSorted((left, right) => left.value - right.value)[0];
    return goalLine(
      `requests a second of each of ${cores} cores, over each of ${fewest}`,
      { relation: "≥", value: 0.85, unit: "" },
      lowest,
    );
  });
}

function highest(figures: readonly Figure[]): Figure | undefined {
  return figures.toSorted((left, right) => right.value - left.value)[0];
}
