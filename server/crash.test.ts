import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

test("an error that nobody caught leaves its stack in the log and a report without it", () => {
  const directory = mkdtempSync(join(tmpdir(), "slipway-crash-"));
  const message = join(directory, "termination-log");
  writeFileSync(message, "");
  const crash = new URL("./crash.ts", import.meta.url).href;
  const program = `
    const { leaveCrashReport } = await import(${JSON.stringify(crash)});
    leaveCrashReport(${JSON.stringify(message)}, "Serve", new RangeError("/secret/path is odd"), new Date(5));
    leaveCrashReport(${JSON.stringify(`${message}-missing`)}, "Serve", "text", new Date(5));`;
  const log = execFileSync(process.execPath, ["--input-type=module", "-e", program]).toString().split("\n");
  const line = JSON.parse(log[0] ?? "") as Record<string, unknown>;
  assert.deepEqual([line["level"], line["time"], line["reason"]], [60, 5, "Crashed"]);
  assert.match(String(line["detail"]), /RangeError: \/secret\/path is odd\n\s+at /);
  assert.deepEqual(JSON.parse(readFileSync(message, "utf8")), {
    ok: false,
    stage: "Serve",
    reason: "Crashed",
    message: "The container met an error that it does not know (RangeError); its log has the details.",
  });
  rmSync(directory, { recursive: true });
});
