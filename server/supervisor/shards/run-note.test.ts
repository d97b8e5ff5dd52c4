import assert from "node:assert/strict";
import { fstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createRunNote, type NotedRun, noteRunsAt, type RunNote, type RunNoting } from "./run-note.ts";

function withNote(use: (note: RunNote, noting: RunNoting) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "slipway-note-"));
  const note = createRunNote([join(folder, "missing"), folder]);
  assert.ok(note);
  assert.deepEqual(readdirSync(folder), [], "nothing is left in the folder");
  use(note, noteRunsAt(note.descriptor));
  note.close();
  rmSync(folder, { recursive: true });
}

const digest = "0123456789abcdef".repeat(4);
const clean = { mark: 7, digest: undefined };
const suspect = { mark: 0xff_ff_ff_ff, digest };

test("the last run is read as it was noted, whatever was noted before it", () => {
  withNote((note, noting) => {
    assert.equal(note.read(), undefined);
    const table: readonly (readonly [string, Parameters<RunNoting["begin"]>[1], Partial<NotedRun>])[] = [
      ["x".repeat(128), [suspect], { marks: [0xff_ff_ff_ff], digest }],
      ["short", [clean], { marks: [7], digest: undefined }],
      ["", [], { marks: [], digest: undefined }],
      ["many", Array.from({ length: 64 }, () => clean), { marks: Array.from({ length: 64 }, () => 7) }],
      [
        "too-many",
        Array.from({ length: 65 }, () => suspect),
        { marks: Array.from({ length: 64 }, () => suspect.mark) },
      ],
      ["a-long-request-id", [clean, clean], { marks: [7, 7], digest: undefined }],
    ];
    for (const [id, standings, expected] of table) {
      noting.begin(id, standings);
      const read = note.read();
      assert.deepEqual({ ...read, ...expected }, read, id);
      assert.equal(read?.requestId, id);
      assert.equal(read.isUnderWay, true);
    }
    noting.begin("y".repeat(500), [clean]);
    assert.equal(note.read()?.requestId, "y".repeat(128));
  });
});

test("that a run is over is noted of those with a digest", () => {
  withNote((note, noting) => {
    noting.begin("a", [suspect]);
    noting.end();
    assert.deepEqual(note.read(), { requestId: "a", marks: [suspect.mark], digest, isUnderWay: false });
    noting.begin("b", [suspect]);
    assert.equal(note.read()?.isUnderWay, true);
    noting.begin("c", [clean]);
    noting.end();
    assert.equal(note.read()?.isUnderWay, true);
  });
});

test("no run needs room that the file has not from the beginning", () => {
  withNote((note, noting) => {
    const { size } = fstatSync(note.descriptor);
    noting.begin(
      "y".repeat(128),
      Array.from({ length: 64 }, () => suspect),
    );
    assert.equal(fstatSync(note.descriptor).size, size);
    assert.ok(fstatSync(note.descriptor).blocks > 0);
  });
});

test("where nothing can be written there is none", () => {
  assert.equal(createRunNote(["/proc", "/missing"]), undefined);
});
