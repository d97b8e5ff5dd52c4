import type { CellReading } from "../cells.ts";
import type { Protocol } from "../wire/request.ts";
import { median } from "./paired.ts";

/** What the turns of one peer came to, in one cell. */
export interface CellSummary {
  readonly model: string;
  readonly peer: string;
  readonly protocol: Protocol;
  readonly connections: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
  /** Over all turns. */
  readonly failed: number;
  /** In most turns others took more than {@link noisyCores}. */
  readonly isNoisy: boolean;
  readonly readings: readonly CellReading[];
}

/** Cores that others may take before a reading is marked: a twentieth of two. */
const noisyCores = 0.1;

/** Medians of the turns, in the order in which the cells were first measured. */
export function summarizeCells(cells: readonly CellReading[]): readonly CellSummary[] {
  const groups = Map.groupBy(cells, ({ model, peer, protocol, connections }) =>
    [model, peer, protocol, connections].join(" "),
  );
  return [...groups.values()].flatMap((readings) => {
    const [first] = readings;
    if (first === undefined) return [];
    const { model, peer, protocol, connections } = first;
    const of = (value: (reading: CellReading) => number): number => median(readings.map(value)) ?? 0;
    return [
      {
        model,
        peer,
        protocol,
        connections,
        perSecond: of(({ perSecond }) => perSecond),
        p50Ms: of(({ p50Ms }) => p50Ms),
        p99Ms: of(({ p99Ms }) => p99Ms),
        cpuMs: of(({ cpuMs }) => cpuMs),
        failed: readings.reduce((sum, { failed }) => sum + failed, 0),
        isNoisy: of(({ othersCores }) => othersCores) > noisyCores,
        readings,
      },
    ];
  });
}
