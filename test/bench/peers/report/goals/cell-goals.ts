import type { BenchResults } from "../../run-bench.ts";
import { type CellSummary, summarizeCells } from "../cell-summary.ts";
import { type Comparison, compareCells, isLostByCpu, isLostByRate, subject } from "../lost-cells.ts";
import { shortNumber } from "../markdown-table.ts";
import { median, pairedDifference, pairedRatio } from "../paired.ts";
import { type Figure, type GoalLine, goalLine, type Target } from "./goal-line.ts";
import { againstHardest, type Contest, type Measure } from "./rivals.ts";

/** A ratio of ours over the hardest of the rivals. */
interface RatioGoal extends Contest {
  readonly title: string;
  readonly measure: Measure;
  readonly relation: Target["relation"];
  readonly value: number;
}

const floorOfTwo = { peer: "node-2" } as const;
const rate = { measure: "perSecond", relation: "≥" } as const;

const smallModels = [
  { model: "iris", products: 5 },
  { model: "silero", products: 3 },
] as const;

const small: readonly RatioGoal[] = smallModels.flatMap(({ model, products }) => {
  const cell = { ...rate, model, protocol: "json", connections: 8 } as const;
  return [
    { ...cell, title: "over the best product", rivals: "products", value: products },
    { ...cell, title: "over the floor of two processes", rivals: floorOfTwo, value: 1.3 },
  ] as const;
});

/** With one client and with eight: waking up for each request costs more than a request out of many does. */
const smallCpu: readonly RatioGoal[] = ([1, 8] as const).map((connections) => ({
  title: "CPU a request, over the floor's",
  model: "iris",
  protocol: "json",
  connections,
  rivals: "floors",
  measure: "cpuMs",
  relation: "≤",
  value: 1,
}));

const pictures = { ...rate, model: "conv224", connections: 8 } as const;
const classifier = { ...rate, model: "ocr", connections: 8 } as const;
const alone = { ...rate, protocol: "binary", connections: 1, rivals: "raw alone", value: 0.8 } as const;
const aloneTitle = "of the better raw row of one run at a time";

const large: readonly RatioGoal[] = [
  { ...pictures, title: "over the floor of two processes", protocol: "json", rivals: floorOfTwo, value: 1.5 },
  { ...pictures, title: "over the best product", protocol: "json", rivals: "products", value: 1 },
  { ...classifier, title: "over the floor of two processes", protocol: "json", rivals: floorOfTwo, value: 1.3 },
  { ...classifier, title: "of raw", protocol: "binary", rivals: "raw", value: 0.75 },
  { ...pictures, title: "of raw", protocol: "binary", rivals: "raw", value: 0.85 },
  { ...pictures, title: "of raw", protocol: "grpc", rivals: "raw", value: 0.75 },
  { ...alone, title: aloneTitle, model: "conv224" },
  { ...alone, title: aloneTitle, model: "mlp" },
];

/** In every protocol that both speak. */
const batching: readonly RatioGoal[] = (
  [
    { product: "MLServer", peer: "mlserver-batch", spoken: ["json", "grpc"] },
    { product: "Triton", peer: "triton-batch", spoken: ["json", "binary", "grpc"] },
  ] as const
).flatMap(({ product, peer, spoken }) =>
  spoken.map((protocol) => ({
    ...rate,
    title: `over ${product}'s batching`,
    model: "mlp",
    protocol,
    connections: 32,
    rivals: { peer },
    value: 1.3,
  })),
);

export function cellGoals(results: BenchResults): readonly GoalLine[] {
  return [
    ...lostGoals(results),
    ...[...small, ...smallCpu, ...large, ...batching].map((goal) => ratioLine(results, goal)),
    addedLatency(results),
    tail(results),
  ];
}

function lostGoals({ cells, peers }: BenchResults): readonly GoalLine[] {
  const comparisons = compareCells(cells, peers);
  const none = { relation: "≤", value: 0, unit: "" } as const;
  const lost = (isLost: (comparison: Comparison) => boolean): Figure | undefined => {
    if (comparisons.length === 0) return undefined;
    const count = (found: readonly Comparison[]): number => new Set(found.map(({ ours }) => nameOf(ours))).size;
    return { value: count(comparisons.filter(isLost)), detail: `of ${count(comparisons)}` };
  };
  const own = cells.filter(({ peer }) => peer === subject);
  const failed = own.reduce((sum, cell) => sum + cell.failed, 0);
  const all = own.reduce((sum, cell) => sum + cell.requests, 0);
  return [
    goalLine("cells in which another takes > 10 % less CPU a request", none, lost(isLostByCpu)),
    goalLine("cells in which another answers > 10 % more requests a second", none, lost(isLostByRate)),
    goalLine(
      "requests that failed, of all cells",
      none,
      own.length === 0 ? undefined : { value: failed, detail: `of ${all}` },
    ),
  ];
}

function ratioLine(results: BenchResults, goal: RatioGoal): GoalLine {
  const { title, measure, relation, value } = goal;
  const target = { relation, value, unit: "" };
  return goalLine(`${nameOf(goal)}: ${title}`, target, againstHardest(results, goal, measure, pairedRatio));
}

const addedMicroseconds = 50;

function addedLatency(results: BenchResults): GoalLine {
  const contest = { model: "iris", protocol: "json", connections: 1, rivals: "floors" } as const;
  const figure = againstHardest(results, contest, "p50Ms", (ours, theirs) => {
    const ms = pairedDifference(ours, theirs);
    // What the load generators read, too, is whole.
    return ms === undefined ? undefined : Math.round(1000 * ms);
  });
  return goalLine(
    `${nameOf(contest)}: p50 above the floor's`,
    { relation: "≤", value: addedMicroseconds, unit: " µs" },
    figure,
  );
}

/** Of the cell in which it is longest, whatever its model and protocol. */
function tail({ cells }: BenchResults): GoalLine {
  const own = summarizeCells(cells.filter(({ peer, connections }) => peer === subject && connections === 8));
  const figures = own.flatMap((cell) => {
    const value = median(cell.readings.flatMap(({ p50Ms, p99Ms }) => (p50Ms > 0 ? [p99Ms / p50Ms] : [])));
    const detail = `${nameOf(cell)}, ${shortNumber(cell.p99Ms)} / ${shortNumber(cell.p50Ms)} ms`;
    return value === undefined ? [] : [{ value, detail }];
  });
  const worst = figures.toSorted((left, right) => right.value - left.value)[0];
  return goalLine("p99 over p50 at c8, in the worst cell", { relation: "≤", value: 2, unit: "" }, worst);
}

function nameOf({ model, protocol, connections }: Pick<CellSummary, "model" | "protocol" | "connections">): string {
  return `${model} ${protocol} c${connections}`;
}
