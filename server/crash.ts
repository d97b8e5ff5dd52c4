import { existsSync, writeFileSync } from "node:fs";
import type { FailureReport } from "./contract.ts";
import { encodeReport } from "./fetch/report.ts";

/**
 * The last thing a process does after an error that nobody caught: one log line and the report. All of it at once, as
 * nothing else of the program can be relied on any more.
 */
export function leaveCrashReport(
  terminationMessagePath: string,
  stage: FailureReport["stage"],
  error: unknown,
  now: Date,
): void {
  const name = error instanceof Error ? error.name : typeof error;
  const report: FailureReport = {
    ok: false,
    stage,
    reason: "Crashed",
    message: `The container met an error that it does not know (${name}); its log has the details.`,
  };
  const detail = error instanceof Error ? error.stack : String(error);
  writeFileSync(
    1,
    `${JSON.stringify({ level: 60, time: now.getTime(), reason: report.reason, detail, msg: report.message })}\n`,
  );
  if (existsSync(terminationMessagePath)) writeFileSync(terminationMessagePath, encodeReport(report));
}
