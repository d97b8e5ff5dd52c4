import assert from "node:assert/strict";
import { test } from "node:test";
import { modelOf } from "./image-model.ts";
import type { ImageNode } from "./image-tree.ts";

// Images that buildah makes are served in test/integration/fetch/oci/image.test.ts.

function folder(children: readonly (readonly [string, ImageNode])[]): ImageNode {
  const place = { size: 0, layer: 0, entry: undefined, clash: false };
  return { kind: "directory", what: "folder", ...place, children: new Map(children) };
}

const file: ImageNode = { ...folder([]), kind: "file", what: "file", size: 1, entry: 0 };

test("a path of any depth is looked at, at the cost of its nodes", () => {
  let deep = folder([["model.onnx", file]]);
  // Deeper than functions can call each other.
  for (let depth = 0; depth < 100_000; depth += 1) deep = folder([["a", deep]]);
  assert.throws(() => modelOf({ root: folder([["b", deep]]), lay: () => undefined }), {
    name: "UnsafeArchive",
    message: /longer than 1024 bytes/,
  });
});

test("all below the graph's folder is taken", () => {
  const model = folder([
    ["data", folder([["weights.bin", file]])],
    ["model.onnx", file],
    ["labels.txt", file],
  ]);
  const root = folder([
    ["etc", folder([["passwd", file]])],
    ["models", model],
  ]);
  const paths = modelOf({ root, lay: () => undefined }).map(({ path }) => path);
  assert.deepEqual(paths, ["models/model.onnx", "models/data/weights.bin", "models/labels.txt"]);
});
