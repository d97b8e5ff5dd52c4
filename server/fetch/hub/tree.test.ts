import assert from "node:assert/strict";
import { test } from "node:test";
import { nextQuery, parseTree } from "./tree.ts";

const sha256 = "a".repeat(64);
const page = [
  { type: "directory", path: "onnx", size: 0, oid: "1" },
  { type: "file", path: "onnx/config.json", size: 7, oid: "2" },
  {
    type: "file",
    path: "onnx/model.onnx",
    size: 20_000,
    oid: "3",
    lfs: { oid: sha256, size: 20_000, pointerSize: 134 },
  },
];

test("a page of a tree gives its files, and the digests of large ones", () => {
  assert.deepEqual(parseTree(page), [
    { path: "onnx/config.json", size: 7, sha256: undefined },
    { path: "onnx/model.onnx", size: 20_000, sha256 },
  ]);
  assert.deepEqual(parseTree([]), []);
});

test("what is no page of a tree is none", () => {
  const [, file] = page;
  for (const answer of [undefined, {}, { error: "x" }, [1], [{ ...file, path: 1 }], [{ ...file, size: "7" }]]) {
    assert.equal(parseTree(answer), undefined, JSON.stringify(answer));
  }
  for (const type of ["symlink", undefined]) assert.equal(parseTree([{ ...file, type }]), undefined);
});

const asked = "https://mirror.example/hub/api/models/a/b/tree/main?recursive=true";
const links: readonly [string | readonly string[] | undefined, string | undefined][] = [
  [undefined, undefined],
  ["", undefined],
  ['<https://huggingface.co/api/x?recursive=true&cursor=abc%3D>; rel="next"', "?recursive=true&cursor=abc%3D"],
  ["</api/x?cursor=2>; rel=next", "?cursor=2"],
  ['<https://h/x?cursor=0>; rel="prev", <https://h/x?cursor=2>; rel="next"', "?cursor=2"],
  [['<https://h/x?cursor=0>; rel="prev"', '<https://h/x?cursor=2>; rel="next"'], "?cursor=2"],
  ['<https://h/x?cursor=0>; rel="prev"', undefined],
  ['<https://h/x?cursor=0>; rel="next-archive"', undefined],
  ['<https://[/x>; rel="next"', ""],
];
for (const [header, query] of links) {
  test(`${JSON.stringify(header) ?? "no Link"} leads to ${query === undefined ? "nothing" : `"${query}"`}`, () => {
    assert.equal(nextQuery(header, asked), query);
  });
}
