import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { isFailure } from "../failure.ts";
import { imageNameBytes } from "../limits.ts";
import { createImageTree, type ImageNode, type ImageTree } from "./image-tree.ts";

// Images that buildah makes are served in test/integration/fetch/oci/image.test.ts; here is what no tool makes.

/** Names of a layer: `x/` is a folder, `x@` a link, any other a file. */
type Layer = readonly string[];

function laid(...layers: readonly Layer[]): ImageTree {
  const tree = createImageTree(10_000);
  for (const [layer, names] of layers.entries()) {
    for (const [entry, text] of names.entries()) {
      const kind = text.endsWith("/") ? "directory" : text.endsWith("@") ? "other" : "file";
      tree.lay(layer, entry, {
        name: text.replace(/@$/, ""),
        kind,
        what: kind === "other" ? "symlink" : kind,
        size: 1,
      });
    }
  }
  return tree;
}

/** Files as `path:layer`, links with `@`, what two entries of one layer are about with `!`; folders alone with `/`. */
function shown(node: ImageNode, prefix = ""): string[] {
  return [...node.children].flatMap(([name, child]) => {
    const path = prefix + name;
    const clash = child.clash ? "!" : "";
    const below = shown(child, `${path}/`);
    if (child.kind === "directory") return below.length === 0 || clash !== "" ? [`${path}/${clash}`, ...below] : below;
    return [`${path}${child.kind === "other" ? "@" : ""}:${child.layer}${clash}`, ...below];
  });
}

const images: readonly [what: string, layers: readonly Layer[], expected: readonly string[]][] = [
  ["files of several layers lie beside each other", [["a", "d/b"], ["d/c"]], ["a:0", "d/b:0", "d/c:1"]],
  ["a file replaces", [["a"], ["a"]], ["a:1"]],
  ["a file replaces a link", [["a@"], ["a"]], ["a:1"]],
  ["a link replaces a folder", [["a/", "a/b"], ["a@"]], ["a@:1"]],
  ["a file replaces a folder", [["a/b", "a/c/d"], ["a"]], ["a:1"]],
  ["a folder replaces a file", [["a"], ["a/", "a/b"]], ["a/b:1"]],
  ["a folder that no entry is about replaces a file", [["a"], ["a/b"]], ["a/b:1"]],
  ["a folder replaces a link, before what lies in it", [["a@"], ["a/", "a/b"]], ["a/b:1"]],
  ["a folder replaces a link, after what lies in it", [["a@"], ["a/b", "a/"]], ["a/b:1"]],
  [
    "a folder and a folder are one",
    [
      ["a/", "a/b"],
      ["a/", "a/c"],
    ],
    ["a/b:0", "a/c:1"],
  ],
  ["a whiteout deletes a file", [["a", "b"], [".wh.a"]], ["b:0"]],
  ["a whiteout deletes a folder with all below", [["a/b/c", "d"], [".wh.a"]], ["d:0"]],
  ["a whiteout deletes nothing of its own layer, before", [["a"], [".wh.a", "a"]], ["a:1"]],
  ["a whiteout deletes nothing of its own layer, after", [["a"], ["a", ".wh.a"]], ["a:1"]],
  [
    "a folder made anew, whiteout before",
    [
      ["a/b", "a/c"],
      [".wh.a", "a/b"],
    ],
    ["a/b:1"],
  ],
  [
    "a folder made anew, whiteout after",
    [
      ["a/b", "a/c"],
      ["a/b", ".wh.a"],
    ],
    ["a/b:1"],
  ],
  ["a link that becomes a folder, whiteout after", [["a@"], ["a/b", ".wh.a"]], ["a/b:1"]],
  [
    "an opaque folder, marked before",
    [
      ["a/b", "a/c/d"],
      ["a/.wh..wh..opq", "a/c/e"],
    ],
    ["a/c/e:1"],
  ],
  [
    "an opaque folder, marked after",
    [
      ["a/b", "a/c/d"],
      ["a/c/e", "a/.wh..wh..opq"],
    ],
    ["a/c/e:1"],
  ],
  ["an opaque folder that stays empty", [["a/b"], ["a/", "a/.wh..wh..opq"]], ["a/"]],
  [
    "the whole image opaque",
    [
      ["a/b", "c"],
      [".wh..wh..opq", "d"],
    ],
    ["d:1"],
  ],
  ["what was deleted comes back", [["a"], [".wh.a"], ["a"]], ["a:2"]],
  ["a whiteout of what was never there", [["a"], [".wh.b", "x/.wh.y", "a/.wh.z"]], ["a:0"]],
  ["a whiteout in the lowest layer", [[".wh.a", "a", ".wh..wh..opq"]], ["a:0"]],
  [
    "a whiteout that is a folder or a link",
    [
      ["a", "b"],
      [".wh.a/", ".wh.b@"],
    ],
    [],
  ],
  ["names that no file can have", [["a", ".wh..wh.plnk/1.2", ".wh..wh.aufs", ".wh.x/y", "./", ""]], ["a:0"]],
  ["one file under several names", [["./a//b", "/c"], ["/a/./b"]], ["a/b:1", "c:0"]],
  [
    "a name twice in a layer",
    [
      ["a", "b"],
      ["a", "./a"],
    ],
    ["a:1!", "b:0"],
  ],
  ["a name twice, and replaced from above", [["a", "a"], ["a"]], ["a:1"]],
  ["a folder twice in a layer", [["a/", "a/", "a/b"]], ["a/b:0"]],
  ["a file and a folder of one name", [["a", "a/"]], ["a/!"]],
  ["a file below a file, in either order", [["a", "a/b", "c/d", "c"]], ["a:0!", "a/b:0", "c:0!", "c/d:0"]],
  ["a file below a link of a lower layer", [["a@"], ["a/b"]], ["a@:0!", "a/b:1"]],
];
for (const [what, layers, expected] of images) {
  test(what, () => assert.deepEqual(shown(laid(...layers).root).toSorted(), expected.toSorted()));
}

const refused: readonly [string, RegExp][] = [
  ["a/../b", /"a\/\.\.\/b", with a part "\.\."/],
  ["../.wh.a", /with a part "\.\."/],
  [".wh...", /"\.wh\.\.\.", a whiteout that names no file/],
  [".wh..", /a whiteout that names no file/],
  ["a/.wh.", /a whiteout that names no file/],
  ["a/".repeat(2048) + "b", /longer than 4096 bytes/],
];
for (const [name, message] of refused) {
  test(`${name.slice(0, 20)} is refused`, () => assert.throws(() => laid([name]), { name: "UnsafeArchive", message }));
}

test("the deepest path that is allowed is laid, and deleted", () => {
  const deepest = "a/".repeat(2047) + "b";
  assert.deepEqual(shown(laid([deepest], [".wh.a"]).root), []);
});

test("entries, folders that no entry is about, and whiteouts are bounded together and cost what they are", () => {
  const deep = "a/".repeat(2_000);
  for (const name of [(at: number) => `.wh.${at}`, (at: number) => `f${at}`, (at: number) => `${at}/${deep}b`]) {
    const tree = createImageTree(10_000);
    const lay = (): void => {
      for (let at = 0; at <= 10_000; at += 1) tree.lay(0, at, { name: name(at), kind: "file", what: "file", size: 1 });
    };
    assert.throws(lay, { name: "TooLarge", message: /more than the 10000 entries that are allowed/ });
  }
});

test("the names of all entries are bounded together, those of whiteouts and of one file again included", () => {
  const part = "n".repeat(1000);
  for (const [at, name] of [`${part}/${part}/${part}`, `.wh.${part}`].entries()) {
    const tree = createImageTree(1_000_000);
    const lay = (): void => {
      for (let layer = 0; layer <= imageNameBytes / name.length; layer += 1) {
        tree.lay(layer, at, { name, kind: "file", what: "file", size: 1 });
      }
    };
    assert.throws(lay, { name: "TooLarge", message: /names in the layers.* more than the 67108864 bytes/ });
  }
});

test("whiteouts of one layer look at a folder once, however many they are", () => {
  const files = 2_000;
  let looked = 0;
  const tree = createImageTree(10_000);
  const lay = (name: string): void => tree.lay(1, 0, { name, kind: "file", what: "file", size: 1 });
  for (let at = 0; at < files; at += 1) lay(`a/${at}`);
  const { children } = tree.root.children.get("a") ?? tree.root;
  const keys = children.keys.bind(children);
  Object.assign(children, {
    keys: () => {
      looked += 1;
      return keys();
    },
  });
  for (let at = 0; at < files; at += 1) lay(at % 2 === 0 ? ".wh.a" : "a/.wh..wh..opq");
  assert.equal(looked, 1);
  assert.equal(children.size, files);
});

test("the order of the entries of a layer does not count", () => {
  const part = fc.constantFrom("a", "b");
  const path = fc.array(part, { minLength: 1, maxLength: 3 });
  const name = fc.oneof(
    path.map((parts) => parts.join("/")),
    path.map((parts) => `${parts.join("/")}/`),
    path.map((parts) => `${parts.join("/")}@`),
    path.map((parts) => [...parts.slice(0, -1), `.wh.${parts.at(-1)}`].join("/")),
    path.map((parts) => [...parts.slice(0, -1), ".wh..wh..opq"].join("/")),
  );
  const layer = fc.uniqueArray(name, { maxLength: 5, selector: (text) => text.replace(/[/@]$/, "") });
  const files = (layers: readonly Layer[]): string[] => shown(laid(...layers).root).toSorted();
  fc.assert(
    fc.property(fc.array(layer, { maxLength: 4 }), (layers) => {
      assert.deepEqual(files(layers.map((names) => names.toReversed())), files(layers));
    }),
    { numRuns: 3_000 },
  );
});

test("any names give a tree or a failure", () => {
  const part = fc.oneof(fc.constantFrom("a", ".", "..", "", ".wh.", ".wh.a", ".wh..wh..opq", ".wh..wh."), fc.string());
  const name = fc.array(part, { maxLength: 4 }).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(fc.array(fc.array(name)), (layers) => {
      try {
        laid(...layers);
      } catch (error) {
        assert.ok(isFailure(error), String(error));
      }
    }),
  );
});
