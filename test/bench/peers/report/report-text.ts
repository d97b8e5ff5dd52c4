import type { BenchResults } from "../run-bench.ts";
import { runText } from "../run-facts.ts";
import { goalLines } from "./goals/goal-lines.ts";
import { compareCells, isLostByCpu, isLostByRate } from "./lost-cells.ts";
import { markdownTable, shortNumber } from "./markdown-table.ts";
import { modelTable } from "./model-table.ts";
import { otherTables } from "./other-tables.ts";

/** All that a run has to say: how thorough it was, the cells of each model, the rest, the goals, where they are lost, and what is missing. */
export function reportText(results: BenchResults): string {
  const models = [...new Set([...results.raws, ...results.cells].map(({ model }) => model))];
  const sections = [
    `${runText(results.run)}\n`,
    ...models.map((model) => section(model, modelTable(results, model))),
    ...otherTables(results).map(({ title, table }) => section(title, table)),
    section("goals", goalTable(results)),
    section("lost cells", lostTable(results)),
    section("not measured", problemTable(results)),
  ];
  return sections.filter((text) => text !== "").join("\n");
}

function section(title: string, content: string): string {
  return content === "" ? "" : `### ${title}\n${content}`;
}

function goalTable(results: BenchResults): string {
  const rows = goalLines(results).map(({ goal, measured, target, verdict }) => [goal, measured, target, verdict]);
  return markdownTable(["goal", "measured", "target", "verdict"], rows);
}

/** The worst first. */
function lostTable({ cells, peers }: BenchResults): string {
  const lost = compareCells(cells, peers)
    .filter((comparison) => isLostByCpu(comparison) || isLostByRate(comparison))
    .toSorted((left, right) => right.cpuRatio - left.cpuRatio);
  if (lost.length === 0) return "";
  const rows = lost.map((comparison) => {
    const { ours, theirs, cpuRatio, rateRatio } = comparison;
    const by = [isLostByCpu(comparison) ? "CPU" : "", isLostByRate(comparison) ? "rate" : ""];
    const isNoisy = ours.isNoisy || theirs.isNoisy;
    return [
      `${isNoisy ? "~" : ""}${ours.model} ${ours.protocol} c${ours.connections}`,
      theirs.peer,
      by.filter((word) => word !== "").join(", "),
      `${shortNumber(cpuRatio)} (${shortNumber(ours.cpuMs)} / ${shortNumber(theirs.cpuMs)} ms)`,
      `${shortNumber(rateRatio)} (${shortNumber(ours.perSecond)} / ${shortNumber(theirs.perSecond)})`,
    ];
  });
  return markdownTable(["cell", "to", "by", "CPU a request, ours / theirs", "requests a second, ours / theirs"], rows);
}

/** Each once, however many turns it was tried in. */
function problemTable({ problems }: BenchResults): string {
  if (problems.length === 0) return "";
  const rows = problems.map(({ peer, what, why }) => [peer, what, shortReason(why)]);
  const unique = new Map(rows.map((row) => [row.slice(0, 2).join(" "), row]));
  return markdownTable(["peer", "what", "why"], [...unique.values()]);
}

/** What happened, and the last line that the peer wrote, which tends to be its reason. */
function shortReason(why: string): string {
  const lines = why.split("\n").filter((line) => /\w/.test(line));
  const told = [lines[0], lines.length > 1 ? lines.at(-1) : undefined].filter((line) => line !== undefined);
  return told.map((line) => line.trim().slice(0, quotedCharacters).replaceAll("|", "\\|")).join("; ");
}

const quotedCharacters = 100;
