import type { RawReading } from "../../raw.ts";
import type { BenchResults, PeerFacts } from "../../run-bench.ts";
import type { Protocol } from "../../wire/request.ts";
import { subject } from "../lost-cells.ts";
import { shortNumber } from "../markdown-table.ts";
import { median, type TurnValue } from "../paired.ts";
import type { Figure } from "./goal-line.ts";

/** One cell, and who else is looked at in it. */
export interface Contest {
  readonly model: string;
  readonly protocol: Protocol;
  readonly connections: number;
  readonly rivals: Rivals;
}

/**
 * `products`: all of them, with and without their batching. `floors`: the bare node:http, with one process and with two.
 * `raw`: ONNX Runtime alone, however it was run; `raw alone`: one run at a time, which is all that one client can ask for.
 */
export type Rivals = "products" | "floors" | "raw" | "raw alone" | { readonly peer: string };

/** What of a reading is compared. */
export type Measure = "perSecond" | "cpuMs" | "p50Ms";

/** Ours against theirs over the turns that both have; undefined without such a turn. */
export type Comparing = (ours: readonly TurnValue[], theirs: readonly TurnValue[]) => number | undefined;

/** Ours against whoever of the rivals is hardest to beat; undefined where ours or all of theirs were not measured. */
export function againstHardest(
  results: BenchResults,
  contest: Contest,
  measure: Measure,
  compare: Comparing,
): Figure | undefined {
  const ours = turnsOf(results, contest, subject, measure);
  const found = rivalsOf(results, contest, measure).flatMap(({ name, turns }) => {
    const value = compare(ours, turns);
    return value === undefined ? [] : [{ value, detail: detailOf(ours, turns, measure, name) }];
  });
  // Of requests more is better, of time less.
  const sign = measure === "perSecond" ? 1 : -1;
  return found.toSorted((left, right) => sign * (left.value - right.value))[0];
}

interface Rival {
  readonly name: string;
  readonly turns: readonly TurnValue[];
}

function rivalsOf(results: BenchResults, contest: Contest, measure: Measure): readonly Rival[] {
  const { model, rivals } = contest;
  if (rivals === "raw" || rivals === "raw alone") {
    const own = results.raws.filter((raw) => raw.model === model && (rivals === "raw" || isAlone(raw)));
    return [...Map.groupBy(own, ({ setting }) => setting)].map(([setting, readings]) => ({
      name: `raw, ${setting}`,
      turns: readings.map((reading) => ({ turn: reading.turn, value: reading[measure] })),
    }));
  }
  return results.peers
    .filter((peer) => isRival(peer, rivals))
    .map(({ name }) => ({ name, turns: turnsOf(results, contest, name, measure) }));
}

function isAlone({ setting }: RawReading): boolean {
  return setting !== "2 x 1 thread";
}

function isRival({ name, kind }: PeerFacts, rivals: Exclude<Rivals, "raw" | "raw alone">): boolean {
  if (rivals === "products") return kind === "product";
  if (rivals === "floors") return kind === "floor";
  return name === rivals.peer;
}

/** A turn in which requests failed, or none was answered, is no reading of a rival; ours have a goal of their own. */
function turnsOf(
  { cells }: BenchResults,
  { model, protocol, connections }: Contest,
  peer: string,
  measure: Measure,
): readonly TurnValue[] {
  return cells
    .filter((cell) => cell.model === model && cell.protocol === protocol && cell.connections === connections)
    .filter((cell) => cell.peer === peer && (peer === subject || (cell.failed === 0 && cell.requests > 0)))
    .map((cell) => ({ turn: cell.turn, value: cell[measure] }));
}

/** The medians of both sides, to be read; what is compared is each turn. */
function detailOf(ours: readonly TurnValue[], theirs: readonly TurnValue[], measure: Measure, name: string): string {
  const unit = measure === "perSecond" ? "/s" : " ms";
  const middle = (turns: readonly TurnValue[]): string =>
    `${shortNumber(median(turns.map(({ value }) => value)) ?? 0)}${unit}`;
  return `${middle(ours)}; ${name} ${middle(theirs)}`;
}
