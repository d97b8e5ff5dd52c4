import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  type FailureReport,
  type FetchReport,
  pinCharacters,
  type PodReport,
  terminationMessageBytes,
} from "../contract.ts";
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

test("a message that leaves no room for the log stands alone", () => {
  const room = terminationMessageBytes - Buffer.byteLength(JSON.stringify({ ...base, message: "" }));
  for (let length = room - 40; length <= room; length += 1) {
    const encoded = encodeReport({ ...base, message: "x".repeat(length), logTail: "the log" });
    assert.ok(Buffer.byteLength(encoded) <= terminationMessageBytes, `message of ${length} bytes`);
    assert.equal((JSON.parse(encoded) as FailureReport).message.length, length);
  }
});

test("a success keeps digest and pin, and loses the end of a warning that is too long", () => {
  const digest = `sha256:${"ab".repeat(32)}`;
  const success: FetchReport = {
    ok: true,
    stage: "Download",
    digest,
    bytes: Number.MAX_SAFE_INTEGER,
    seconds: 604_800.123,
    signature: digest,
    // Each of them twice as long in JSON.
    pin: '"'.repeat(pinCharacters),
  };
  for (const warning of ["short", "old ".repeat(2000), `why ${"\\".repeat(4000)}`, "模".repeat(2000)]) {
    const encoded = encodeReport({ ...success, warning });
    const { warning: kept = "", ...rest } = JSON.parse(encoded) as FetchReport;
    assert.deepEqual(rest, success);
    assert.ok(warning.startsWith(kept.replace(/…$/, "")) && kept.length > 0);
    const bytes = Buffer.byteLength(encoded);
    assert.ok(
      bytes <= terminationMessageBytes && (kept === warning || bytes > terminationMessageBytes - 10),
      `${bytes}`,
    );
  }
  const full = {
    ...success,
    pin: "x".repeat(terminationMessageBytes - Buffer.byteLength(JSON.stringify({ ...success, pin: "" }))),
  };
  assert.deepEqual(JSON.parse(encodeReport({ ...full, warning: "no room" })), full);
});

test("every report is valid JSON of at most 4096 bytes", () => {
  // Few long stretches of one character each: they reach every boundary, and a counterexample is made small in no time.
  const stretch = fc.tuple(fc.constantFrom("x", "\0", '"', "\\", "\ud800", "模", "😀", "\n"), fc.nat(4200));
  const text = fc
    .array(stretch, { maxLength: 3 })
    .map((stretches) => stretches.map(([unit, length]) => unit.repeat(length)).join(""));
  fc.assert(
    fc.property(text, fc.option(text, { nil: undefined }), (message, logTail) => {
      const encoded = encodeReport({ ...base, message, ...(logTail === undefined ? {} : { logTail }) });
      const report = JSON.parse(encoded) as PodReport;
      return Buffer.byteLength(encoded) <= terminationMessageBytes && !report.ok && report.reason === "NotFound";
    }),
    { numRuns: 300 },
  );
});
