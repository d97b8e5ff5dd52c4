import { table } from "../../../../scripts/reference/table.ts";
import { forms } from "./forms.ts";
import { reasons } from "./run-alone.ts";
import type { Surveyed } from "./survey-cases.ts";

/** Two tables of Markdown: how many cases pass where, and what ONNX Runtime itself cannot do. */
export function surveyTables(surveyed: readonly Surveyed[]): string {
  const passed = surveyed.filter(({ alone }) => alone.kind === "passed").length;
  const counts = forms.map(({ name }) => {
    const answers = surveyed.flatMap((one) => one.answers.get(name) ?? []);
    return [name, String(answers.length), String(answers.filter((answer) => answer === "same").length)];
  });
  const failed = reasons.flatMap((why) => {
    const names = surveyed.flatMap(({ onnxCase, alone }) =>
      alone.kind === "failed" && alone.why === why ? onnxCase.name.replace(/^.*\/test_/, "") : [],
    );
    return names.length === 0 ? [] : [[why, String(names.length), names.join(", ")]];
  });
  return [
    `Of ${surveyed.length} cases, ONNX Runtime alone passes ${passed}.`,
    "",
    table(["Protocol", "Cases", "The same bits"], counts),
    "",
    table(["What ONNX Runtime itself does not do", "Cases", "Which"], failed),
  ].join("\n");
}
