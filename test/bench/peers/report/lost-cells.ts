import type { CellReading } from "../cells.ts";
import type { PeerFacts } from "../run-bench.ts";
import { type CellSummary, summarizeCells } from "./cell-summary.ts";
import { pairedRatio, type TurnValue } from "./paired.ts";

/** A cell as it stands against one other: above 1 costs more, or is faster. */
export interface Comparison {
  readonly ours: CellSummary;
  readonly theirs: CellSummary;
  /** Processor time a request, ours / theirs, median of the turns. */
  readonly cpuRatio: number;
  /** Requests a second, ours / theirs, median of the turns. */
  readonly rateRatio: number;
}

/** More than a tenth behind is lost; less cannot be told from the machine's own changes. */
const tolerated = 0.1;

/** The default start of Slipway: the other rows are there to be read. */
export const subject = "slipway";

export function compareCells(cells: readonly CellReading[], peers: readonly PeerFacts[]): readonly Comparison[] {
  const summaries = summarizeCells(cells);
  const others = new Set(peers.flatMap(({ name, kind }) => (kind === "slipway" ? [] : [name])));
  return summaries
    .filter(({ peer }) => peer === subject)
    .flatMap((ours) =>
      summaries
        .filter((theirs) => others.has(theirs.peer) && isSameCell(ours, theirs))
        .flatMap((theirs) => {
          const cpuRatio = ratioOf(ours, theirs, ({ cpuMs }) => cpuMs);
          const rateRatio = ratioOf(ours, theirs, ({ perSecond }) => perSecond);
          return cpuRatio === undefined || rateRatio === undefined ? [] : [{ ours, theirs, cpuRatio, rateRatio }];
        }),
    );
}

export function isLostByCpu({ cpuRatio }: Comparison): boolean {
  return cpuRatio > 1 + tolerated;
}

export function isLostByRate({ rateRatio }: Comparison): boolean {
  return rateRatio < 1 - tolerated;
}

function isSameCell(left: CellSummary, right: CellSummary): boolean {
  return left.model === right.model && left.protocol === right.protocol && left.connections === right.connections;
}

function ratioOf(ours: CellSummary, theirs: CellSummary, value: (reading: CellReading) => number): number | undefined {
  const turns = ({ readings }: CellSummary): readonly TurnValue[] =>
    readings.map((reading) => ({ turn: reading.turn, value: value(reading) }));
  return pairedRatio(turns(ours), turns(theirs));
}
