import { stat } from "node:fs/promises";
import type { Logger } from "pino";
import type { FailureReason, FailureReport } from "./contract.ts";
import { writeReport } from "./fetch/report.ts";

/** A report about the time before the first prediction. */
export function notLoaded(reason: FailureReason, message: string): FailureReport {
  return { ok: false, stage: "Load", reason, message };
}

/** Logs why the server ends and tells Kubernetes, which makes the file; where there is none, nobody reads it. */
export async function leaveReport(path: string, report: FailureReport, log: Logger): Promise<void> {
  log.fatal({ stage: report.stage, reason: report.reason }, report.message);
  try {
    await stat(path);
    await writeReport(path, report);
  } catch (error) {
    log.warn({ error }, "the report could not be left in the termination message");
  }
}
