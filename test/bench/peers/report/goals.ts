import type { HealthReading } from "../figures/health.ts";
import type { OrderReading } from "../figures/order.ts";
import type { BenchResults } from "../run-bench.ts";
import { type CellSummary, summarizeCells } from "./cell-summary.ts";
import { compareCells, isLostByCpu, isLostByRate, subject } from "./lost-cells.ts";
import { shortNumber } from "./markdown-table.ts";
import { median } from "./paired.ts";

/** What the project holds its server to, and how it stands. */
export interface GoalLine {
  readonly goal: string;
  readonly measured: string;
  readonly target: string;
  readonly verdict: "met" | "lost" | "not measured";
}

/** The targets, each in the unit of its line. */
export const targets = {
  lostCells: 0,
  /** Ours over the floor's. */
  smallCpuRatio: 1,
  /** 150,528 floats as JSON, all of the server's work. */
  largeCpuMs: 5,
  orderRatio: 1.1,
  healthP99Ms: 10,
  startSeconds: { ocr: 0.6, large: 1.5 },
  conv224Mebibytes: 180,
  /** Four workers over one, of the model's weights shared. */
  workersRatio: 1.5,
  /** Ours over the floor's. */
  addedLatencyRatio: 1,
  tailRatio: 3,
} as const;

/** One process, as one worker is. */
const floorName = "node";

export function goalLines(results: BenchResults): readonly GoalLine[] {
  return [
    ...cellGoals(results),
    ...orderGoals(results),
    ...healthGoals(results.healths),
    ...startGoals(results),
    ...memoryGoals(results),
    ...latencyGoals(results),
  ];
}

/** Undefined: not measured. */
function line(goal: string, value: number | undefined, target: number, unit: string, detail = ""): GoalLine {
  const limit = `≤ ${target}${unit}`;
  if (value === undefined) return { goal, measured: "-", target: limit, verdict: "not measured" };
  return {
    goal,
    measured: `${shortNumber(value)}${unit}${detail}`,
    target: limit,
    verdict: value <= target ? "met" : "lost",
  };
}

function cellGoals({ cells, peers }: BenchResults): readonly GoalLine[] {
  const comparisons = compareCells(cells, peers);
  const cellsOf = (found: typeof comparisons): number => new Set(found.map(({ ours }) => cellName(ours))).size;
  const goal = (title: string, isLost: typeof isLostByCpu): GoalLine => ({
    goal: title,
    measured: comparisons.length === 0 ? "-" : `${cellsOf(comparisons.filter(isLost))} of ${cellsOf(comparisons)}`,
    target: `${targets.lostCells}`,
    verdict: comparisons.length === 0 ? "not measured" : comparisons.some(isLost) ? "lost" : "met",
  });
  const small = comparisons.find(({ ours, theirs }) => cellName(ours) === "iris json c8" && theirs.peer === floorName);
  return [
    goal("cells in which another takes less processor time a request", isLostByCpu),
    goal("cells in which another answers more requests a second", isLostByRate),
    line("CPU of a small request (iris, JSON, c8), over the floor's", small?.cpuRatio, targets.smallCpuRatio, ""),
  ];
}

/** A size in a process that has seen the other first, over one that has not. */
function orderGoals({ orders }: BenchResults): readonly GoalLine[] {
  const cpu = (size: OrderReading["size"], position: OrderReading["position"]): number | undefined =>
    median(
      orders
        .filter((reading) => reading.peer === subject && reading.size === size && reading.position === position)
        .map(({ cpuMs }) => cpuMs),
    );
  const large = line("CPU of a request of 150,528 floats as JSON", cpu("large", "first"), targets.largeCpuMs, " ms");
  const ratios = (["large", "small"] as const).map((size) => {
    const [first, second] = [cpu(size, "first"), cpu(size, "second")];
    const ratio = first === undefined || second === undefined ? undefined : Math.max(first / second, second / first);
    const other = size === "large" ? "small" : "large";
    return line(
      `CPU of ${size} bodies before ${other} ones or after: the dearer over the cheaper`,
      ratio,
      targets.orderRatio,
      "",
    );
  });
  return [large, ...ratios];
}

function healthGoals(healths: readonly HealthReading[]): readonly GoalLine[] {
  const during = {
    "conv224 under load": "health p99 while c8 JSON saturates conv224",
    "553 MB load": "liveness p99 while a model of 553 MB loads",
    "64 MiB body": "health p99 while bodies of 64 MiB are decoded",
  } as const;
  return Object.entries(during).map(([name, goal]) => {
    const found = healths.find((reading) => reading.peer === subject && reading.during === name);
    if (found === undefined || found.latencyMs.count === 0) return line(goal, undefined, targets.healthP99Ms, " ms");
    const read = line(
      goal,
      found.latencyMs.p99,
      targets.healthP99Ms,
      " ms",
      found.failed > 0 ? `, ${found.failed} failed` : "",
    );
    return found.failed > 0 ? { ...read, verdict: "lost" } : read;
  });
}

function startGoals({ starts }: BenchResults): readonly GoalLine[] {
  return Object.entries(targets.startSeconds).map(([model, target]) => {
    const own = starts.filter((reading) => reading.peer === subject && reading.model === model);
    const ms = median(own.map((reading) => reading.ms));
    const title = `start to first inference, ${model === "ocr" ? "text-direction classifier" : "model of 553 MB"}`;
    return line(title, ms === undefined ? undefined : ms / 1000, target, " s");
  });
}

function memoryGoals({ memories }: BenchResults): readonly GoalLine[] {
  const loaded = (peer: string, model: string): number | undefined =>
    memories.find((reading) => reading.peer === peer && reading.model === model)?.loadedMebibytes;
  const [one, four] = [loaded("slipway with 1 workers", "mlp"), loaded("slipway with 4 workers", "mlp")];
  const ratio = one === undefined || four === undefined ? undefined : four / one;
  return [
    line("PSS with conv224 after c8", loaded(subject, "conv224"), targets.conv224Mebibytes, " MiB"),
    line("PSS with the large MLP, 4 workers over 1", ratio, targets.workersRatio, ""),
  ];
}

/** What a server adds to the run of the model, of small requests by one client; and how far its tail is from its middle. */
function latencyGoals({ cells, raws }: BenchResults): readonly GoalLine[] {
  const summaries = summarizeCells(cells.filter(({ model, protocol }) => model === "iris" && protocol === "json"));
  const cell = (peer: string, connections: number): CellSummary | undefined =>
    summaries.find((summary) => summary.peer === peer && summary.connections === connections);
  const raw = median(
    raws.flatMap(({ model, setting, p50Ms }) => (model === "iris" && setting === "1 thread" ? [p50Ms] : [])),
  );
  const [ours, floor] = [cell(subject, 1), cell(floorName, 1)];
  const isWhole = ours !== undefined && floor !== undefined && raw !== undefined;
  const added = isWhole ? (ours.p50Ms - raw) / (floor.p50Ms - raw) : undefined;
  const loaded = cell(subject, 8);
  return [
    line(
      "latency that is added to raw at c1 p50 (iris, JSON), over what the floor adds",
      added,
      targets.addedLatencyRatio,
      "",
      isWhole ? ` (${shortNumber(1000 * (ours.p50Ms - raw))} µs)` : "",
    ),
    line(
      "p99 over p50 at c8 (iris, JSON)",
      loaded === undefined ? undefined : loaded.p99Ms / loaded.p50Ms,
      targets.tailRatio,
      "",
    ),
  ];
}

function cellName({ model, protocol, connections }: CellSummary): string {
  return `${model} ${protocol} c${connections}`;
}
