import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { treeDigest } from "./tree-digest.ts";

const file = (content: string): { size: number; sha256: string } => ({
  size: Buffer.byteLength(content),
  sha256: createHash("sha256").update(content).digest("hex"),
});

test("the digest is that of the sorted lines", () => {
  const files = new Map([
    ["b/weights.bin", file("weights")],
    ["a", file("")],
  ]);
  const lines = [`${file("weights").sha256} 7 b/weights.bin\n`, `${file("").sha256} 0 a\n`].toSorted();
  assert.equal(treeDigest(files), `sha256:${createHash("sha256").update(lines.join("")).digest("hex")}`);
});

test("the order of the files does not count, their names and bytes do", () => {
  const one = treeDigest(
    new Map([
      ["a", file("1")],
      ["b", file("2")],
    ]),
  );
  assert.equal(
    treeDigest(
      new Map([
        ["b", file("2")],
        ["a", file("1")],
      ]),
    ),
    one,
  );
  assert.notEqual(
    treeDigest(
      new Map([
        ["a", file("2")],
        ["b", file("1")],
      ]),
    ),
    one,
  );
  assert.notEqual(
    treeDigest(
      new Map([
        ["a", file("1")],
        ["c", file("2")],
      ]),
    ),
    one,
  );
});
