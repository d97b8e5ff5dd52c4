import type { RawReading } from "../raw.ts";
import type { BenchResults } from "../run-bench.ts";
import { protocols } from "../wire/request.ts";
import { type CellSummary, summarizeCells } from "./cell-summary.ts";
import { markdownTable, shortNumber } from "./markdown-table.ts";
import { median } from "./paired.ts";

/** Every cell of one model; first the limit, which no server can pass. */
export function modelTable(results: BenchResults, model: string): string {
  const cells = summarizeCells(results.cells.filter((cell) => cell.model === model));
  const connections = [...new Set(cells.map((cell) => cell.connections))].toSorted((left, right) => left - right);
  const head = ["peer", "protocol", ...connections.map((count) => `c${count}: 1/s · p50/p99 ms · CPU ms`)];
  const rows = protocols.flatMap((protocol) =>
    results.peers.flatMap(({ name }) => {
      const own = cells.filter((cell) => cell.peer === name && cell.protocol === protocol);
      const byCount = connections.map((count) => own.find((cell) => cell.connections === count));
      return own.length === 0 ? [] : [[name, protocol, ...byCount.map(cellText)]];
    }),
  );
  const raws = Map.groupBy(
    results.raws.filter((raw) => raw.model === model),
    ({ setting }) => setting,
  );
  const limits = [...raws].map(([setting, readings]) => [`raw, ${setting}`, "-", rawText(readings)]);
  return markdownTable(head, [...limits, ...rows]);
}

/** `~` where others took a share of the machine. */
function cellText(cell: CellSummary | undefined): string {
  if (cell === undefined) return "";
  const { perSecond, p50Ms, p99Ms, cpuMs, failed, isNoisy } = cell;
  const failures = failed === 0 ? "" : ` · ${failed} failed`;
  return `${isNoisy ? "~" : ""}${figures(perSecond, p50Ms, p99Ms, cpuMs)}${failures}`;
}

function rawText(readings: readonly RawReading[]): string {
  const of = (value: (reading: RawReading) => number): number => median(readings.map(value)) ?? 0;
  return figures(
    of(({ perSecond }) => perSecond),
    of(({ p50Ms }) => p50Ms),
    of(({ p99Ms }) => p99Ms),
    of(({ cpuMs }) => cpuMs),
  );
}

function figures(perSecond: number, p50Ms: number, p99Ms: number, cpuMs: number): string {
  return `${shortNumber(perSecond)} · ${shortNumber(p50Ms)}/${shortNumber(p99Ms)} · ${shortNumber(cpuMs)}`;
}
