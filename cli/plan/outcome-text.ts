import { kinds } from "../../operator/api/kinds.ts";
import { whyOf } from "../../operator/plan/status/why.ts";
import { plural, showSeconds } from "../text/amounts.ts";
import type { Style } from "../text/style.ts";
import { observe, unknownDigest } from "./cluster.ts";
import type { Outcome } from "./outcome.ts";
import type { Step } from "./rehearsal.ts";

/** An exchange of many pods repeats itself; its first steps tell how it goes on. */
const shownSteps = 12;

export function outcomeText(outcome: Outcome, style: Style): string {
  const { name, namespace, version, revision, revisionReason, isPaused, rehearsal, unjudged } = outcome;
  const { steps, isComplete } = rehearsal;
  const shown = steps.slice(0, shownSteps);
  const hidden = steps.length - shown.length;
  const lines = [
    style.strong(`${namespace}/${name}, version ${version}`),
    `  revision ${revision}, ${revisionReason}`,
    ...(isPaused ? [style.warning("  spec.paused is true: the operator acts on nothing. Without it:")] : []),
    ...(steps.length === 0 ? ["", "  Nothing is left to do."] : []),
    ...shown.flatMap((step) => stepLines(step, style)),
    ...(hidden > 0 ? ["", `  ${hidden} more steps${isComplete ? "" : ", and then more"}; -o json has them`] : []),
    ...endLines(outcome, style),
    ...(unjudged.length === 0 ? [] : ["", "  Left to the API server", ...unjudged.map((text) => `    ${text}`)]),
  ];
  return `${lines.join("\n")}\n`;
}

function stepLines(step: Step, style: Style): string[] {
  const rows = writeRows(step);
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return [
    "",
    `  ${style.strong(whenText(step.when))}  ${style.faint(step.why)}`,
    ...rows.map(([verb = "", object = "", why = ""]) => {
      const padded = verb.padEnd(widths[0] ?? 0);
      const painted = verb === "delete" ? style.bad(padded) : verb === "create" ? style.good(padded) : padded;
      return `    ${painted}  ${object.padEnd(widths[1] ?? 0)}  ${why}`;
    }),
    ...step.announcements.map(({ type, reason, message }) => {
      const line = `    event   ${reason}: ${message.replaceAll(unknownDigest, "what its first download finds")}`;
      return type === "Warning" ? style.warning(line) : line;
    }),
  ];
}

/** A row for each write; those of pods, which can be thousands, together where they are for the same. */
function writeRows({ writes, before }: Step): string[][] {
  const pods = new Map<string, { readonly verb: string; readonly why: string; count: number }>();
  const rows: string[][] = [];
  const observed = observe(before);
  for (const write of writes) {
    const why = whyOf(write, observed);
    if (write.kind.kind !== kinds.pod.kind) {
      rows.push([write.verb, `${write.kind.kind}/${write.name}`, why]);
      continue;
    }
    const key = `${write.verb} ${why}`;
    const known = pods.get(key);
    if (known === undefined) pods.set(key, { verb: write.verb, why, count: 1 });
    else known.count += 1;
  }
  return [...rows, ...[...pods.values()].map(({ verb, why, count }) => [verb, plural(count, "Pod"), why])];
}

function whenText(when: Step["when"]): string {
  if (when === "now") return "Now";
  if (when === "then") return "Then";
  return when === "pods are ready" ? "When those pods are ready" : `After ${showSeconds(when.afterSeconds)}`;
}

function endLines({ rehearsal }: Outcome, style: Style): string[] {
  const conditions = rehearsal.end.model.status?.conditions ?? [];
  const shown = conditions
    .filter(({ type }) => type === "Ready" || type === "Available")
    .map(({ type, status, reason, message }) => {
      const line = `    ${type}=${status} ${reason}: ${message}`;
      return status === "True" ? line : style.warning(line);
    });
  if (shown.length === 0 || !rehearsal.isComplete) return [];
  return ["", `  ${style.strong("In the end")}`, ...shown];
}
