import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createRunNote, noteRunAt } from "./run-note.ts";

test("the last id that was noted is read, whole or cut, and nothing is left in the folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-note-"));
  const note = createRunNote([join(folder, "missing"), folder]);
  assert.ok(note);
  assert.deepEqual(readdirSync(folder), []);
  assert.equal(note.read(), undefined);
  const noteRun = noteRunAt(note.descriptor);
  for (const id of ["a-long-request-id", "short", "x".repeat(128)]) {
    noteRun(id);
    assert.equal(note.read(), id);
  }
  noteRun("y".repeat(500));
  assert.equal(note.read(), "y".repeat(128));
  note.close();
  rmSync(folder, { recursive: true });
});

test("where nothing can be written there is none", () => {
  assert.equal(createRunNote(["/proc", "/missing"]), undefined);
});
