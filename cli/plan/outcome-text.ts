import { showSeconds } from "../text/amounts.ts";
import type { Style } from "../text/style.ts";
import { unknownDigest } from "./cluster.ts";
import type { Outcome } from "./outcome.ts";
import type { Step } from "./rehearsal.ts";
import { whyOf } from "./why.ts";

/** An exchange of many pods repeats itself; its first steps tell how it goes on. */
const shownSteps = 12;

export function outcomeText(outcome: Outcome, style: Style): string {
  const { name, namespace, version, revision, revisionReason, rehearsal, unjudged } = outcome;
  const { steps, isComplete } = rehearsal;
  const shown = steps.slice(0, shownSteps);
  const hidden = steps.length - shown.length;
  const lines = [
    style.strong(`${namespace}/${name}, version ${version}`),
    `  revision ${revision}, ${revisionReason}`,
    ...(steps.length === 0 ? ["", "  Nothing is left to do."] : []),
    ...shown.flatMap((step) => stepLines(step, style)),
    ...(hidden > 0 ? ["", `  ${hidden} more steps${isComplete ? "" : ", and then more"}; -o json has them`] : []),
    ...endLines(outcome, style),
    ...unjudged.map(({ path, rule }) =>
      style.warning(`  left to the API server: ${path === "" ? "the object" : path} must hold ${rule}`),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function stepLines(step: Step, style: Style): string[] {
  const rows = step.writes.map((write) => [write.verb, `${write.kind.kind}/${write.name}`, whyOf(write, step.before)]);
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const reconciling = step.status.conditions?.find(({ type }) => type === "Reconciling");
  const state = reconciling?.message === "" ? undefined : reconciling;
  return [
    "",
    `  ${style.strong(whenText(step.when))}${state === undefined ? "" : style.faint(`  ${state.reason}, ${state.message}`)}`,
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
