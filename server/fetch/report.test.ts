import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type FailureReport, type PodReport, terminationMessageBytes } from "../contract.ts";
import { encodeReport } from "./report.ts";

const base: FailureReport = { ok: false, stage: "Download", reason: "NotFound", message: "not there" };

test("a short report is written as it is", () => {
  assert.deepEqual(JSON.parse(encodeReport({ ...base, logTail: "one\ntwo" })), { ...base, logTail: "one\ntwo" });
});

test("a long log loses its start, not the message", () => {
  const report = JSON.parse(encodeReport({ ...base, logTail: `${"old ".repeat(2000)}the end` })) as FailureReport;
  assert.equal(report.message, base.message);
  assert.ok(report.logTail?.endsWith("the end"));
  assert.ok((report.logTail?.length ?? 0) > 3500);
});

test("a long message loses its end, after the log", () => {
  const report = JSON.parse(
    encodeReport({ ...base, message: `why ${"x".repeat(9000)}`, logTail: "log" }),
  ) as FailureReport;
  assert.match(report.message, /^why x{3900,}…$/);
  assert.equal(report.logTail, undefined);
});

test("every report is valid JSON of at most 4096 bytes", () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom("\0", '"', "\\", "\ud800", "模", "😀", "\n"),
      fc.string({ minLength: 1, maxLength: 1 }),
    ),
    maxLength: 6000,
    size: "max",
  });
  fc.assert(
    fc.property(text, fc.option(text, { nil: undefined }), (message, logTail) => {
      const encoded = encodeReport({ ...base, message, ...(logTail === undefined ? {} : { logTail }) });
      const report = JSON.parse(encoded) as PodReport;
      return Buffer.byteLength(encoded) <= terminationMessageBytes && !report.ok && report.reason === "NotFound";
    }),
    { numRuns: 50 },
  );
});
