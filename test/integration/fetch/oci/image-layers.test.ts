import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Descriptor, pushBlob, pushManifest, type TarEntry } from "../../../fixtures/oci.ts";
import { assertFails, restless } from "../fetching.ts";
import { address, assertFetched, fetchTag, file, gzipped, layerType, model } from "./artifacts.ts";

describe("layers of an image that no tool makes", () => {
  const pushLayers = async (
    ...layers: readonly (readonly TarEntry[])[]
  ): Promise<{ tag: string; manifest: Descriptor }> => {
    const target = address();
    const pushed: Descriptor[] = [];
    for (const entries of layers) pushed.push(await pushBlob(target, await gzipped(entries), `${layerType}+gzip`));
    return { tag: target.tag, manifest: await pushManifest(target, target.tag, pushed) };
  };
  const graph: TarEntry = { header: { name: "models/model.onnx" }, content: model.content };

  test("a whiteout after the file that its own layer has anew", async () => {
    const entries = [graph, file("models/.wh.model.onnx"), file("models/.wh..wh..opq")];
    const { tag, manifest } = await pushLayers([file("models/model.onnx"), file("models/old")], entries);
    assertFetched(await fetchTag(tag), manifest, [{ ...model, name: "models/model.onnx" }]);
  });

  test("the same layer several times", async () => {
    const { tag, manifest } = await pushLayers([], [], [graph], []);
    assertFetched(await fetchTag(tag), manifest, [{ ...model, name: "models/model.onnx" }]);
  });

  const refused: readonly [string, readonly TarEntry[], RegExp][] = [
    ["a whiteout of the folder above", [graph, file("models/.wh...")], /a whiteout that names no file/],
    ["a whiteout of nothing", [graph, file(".wh.")], /a whiteout that names no file/],
    ["a path that leaves the image", [graph, file("../.wh.a")], /with a part "\.\."/],
    ["the graph twice in a layer", [graph, graph], /holds "models\/model\.onnx" twice/],
    ["a file beside the graph twice", [graph, file("models/a"), file("models/./a")], /holds "models\/a" twice/],
    ["a file that is a folder, too", [graph, file("models")], /holds "models" twice/],
    ["a name beside the graph that cannot be served", [graph, file("models/a\\b")], /with a backslash/],
    [
      "a graph below a link",
      [{ header: { name: "models", type: "symlink", linkname: "/etc" } }, graph],
      /holds "models" twice/,
    ],
  ];
  for (const [what, entries, message] of refused) {
    test(what, async () => {
      const { tag } = await pushLayers([file("etc/passwd")], entries);
      const fetched = await fetchTag(tag);
      assertFails(fetched, "UnsafeArchive", message);
      assert.ok(!fetched.files.has("models/model.onnx"));
    });
  }

  test("more bytes than allowed in the model's folder, told before any is written", async () => {
    const { tag } = await pushLayers(
      [file("etc/passwd")],
      [graph, { ...file("models/zeros"), content: Buffer.alloc(9_000_000) }],
    );
    const fetched = await fetchTag(tag, { SLIPWAY_FETCH_SIZE_LIMIT_BYTES: "8000000" });
    assertFails(fetched, "TooLarge", /The model is larger than the 8000000 bytes/);
    assert.ok(!fetched.files.has("models/model.onnx"));
  });

  test("more whiteouts than an image may have entries", async () => {
    const whiteouts = Array.from({ length: 1001 }, (_, at) => file(`.wh.${at}`));
    const { tag } = await pushLayers([graph], whiteouts);
    const fetched = await fetchTag(tag, {}, { limits: { ...restless, imageEntries: 1001 } });
    assertFails(fetched, "TooLarge", /layers of the image have more than the 1001 entries that are allowed/);
    assert.ok((await fetchTag(tag, {}, { limits: { ...restless, imageEntries: 1002 } })).report.ok);
  });
});
