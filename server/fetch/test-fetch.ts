import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PodReport } from "../contract.ts";
import { runFetch } from "./fetch.ts";

/** Runs the fetch step below a folder, and gives the report that it leaves behind. */
export async function fetchInto(
  directory: string,
  environment: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<PodReport> {
  const message = join(directory, "termination-log");
  const code = await runFetch(
    { SLIPWAY_MODEL_DIRECTORY: join(directory, "model"), SLIPWAY_TERMINATION_MESSAGE: message, ...environment },
    { log: { info: silent, warn: silent, error: silent }, ...(signal === undefined ? {} : { signal }) },
  );
  const report = JSON.parse(await readFile(message, "utf8")) as PodReport;
  assert.equal(code, report.ok ? 0 : 1);
  return report;
}

export function assertFails(report: PodReport, reason: string, message: RegExp): void {
  assert.ok(!report.ok, "the fetch succeeded");
  assert.equal(report.reason, reason, report.message);
  assert.match(report.message, message);
}

function silent(): void {}
