import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { stateOf, tellChange } from "./file-state.ts";

const folder = mkdtempSync(join(tmpdir(), "slipway-state-"));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, "model.onnx");
const other = join(folder, "weights.bin");

function write(file: string, content: string, seconds: number): void {
  writeFileSync(file, content);
  utimesSync(file, seconds, seconds);
}

const changes: readonly (readonly [string, () => void])[] = [
  ["longer", () => write(path, "onetwo", 1)],
  ["written at another time", () => write(path, "two", 2)],
  [
    "another one in its place",
    () => {
      write(`${path}.new`, "two", 1);
      renameSync(`${path}.new`, path);
    },
  ],
  ["gone", () => rmSync(path)],
];

for (const [what, change] of changes) {
  test(`a file that is ${what} is told by its name`, () => {
    write(path, "one", 1);
    write(other, "weights", 1);
    // As it comes to another process.
    const states = JSON.parse(JSON.stringify([stateOf(other), stateOf(path)])) as ReturnType<typeof stateOf>[];
    assert.equal(tellChange(states), undefined);
    change();
    const told = tellChange(states) ?? "";
    assert.match(told, /^The file "model\.onnx" is not what it was/);
    assert.ok(!told.includes(folder));
  });
}

test("one that was read, or was never there, is what it was", () => {
  write(path, "one", 1);
  const states = [stateOf(path), stateOf(join(folder, "none"))];
  statSync(path);
  assert.equal(tellChange(states), undefined);
});
