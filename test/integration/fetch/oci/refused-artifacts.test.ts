import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FailureReason } from "../../../../server/contract.ts";
import { type ArtifactFile, pushArtifact, pushTar, type TarEntry, tarOf } from "../../../fixtures/oci.ts";
import { onnxModel } from "../../../fixtures/onnx.ts";
import { assertFails, restless } from "../fetching.ts";
import { address, fetchTag, file, model, weights } from "./artifacts.ts";

describe("what is no model", () => {
  const refused: readonly [string, readonly ArtifactFile[], FailureReason, RegExp][] = [
    [
      "a web page",
      [{ name: "model.onnx", content: Buffer.from("<!DOCTYPE html><html></html>") }],
      "NotAModel",
      /web page/,
    ],
    [
      "a truncated model",
      [{ name: "model.onnx", content: model.content.subarray(0, 100_000) }],
      "TruncatedModel",
      /after 100000 bytes/,
    ],
    ["no .onnx file", [weights], "NotAModel", /no file that ends in \.onnx/],
    [
      "two models to choose from",
      [
        { ...model, name: "a.onnx" },
        { ...model, name: "b.onnx" },
      ],
      "NotAModel",
      /Name the one to serve model\.onnx/,
    ],
    [
      "an opset of the future",
      [{ name: "model.onnx", content: futureModel() }],
      "UnsupportedOpset",
      /opset 99 of ai\.onnx; this server loads 1 to 26/,
    ],
  ];
  for (const [what, files, reason, message] of refused) {
    test(what, async () => {
      const target = address();
      await pushArtifact({ ...target, files });
      assertFails(await fetchTag(target.tag), reason, message);
    });
  }
});

describe("archives that want to harm", () => {
  const refused: readonly [string, readonly TarEntry[], FailureReason, RegExp][] = [
    ["a path that leaves the folder", [file("../outside")], "UnsafeArchive", /"\.\.\/outside".*"\.\."/],
    ["a path that leaves it half-way", [file("a/../../outside")], "UnsafeArchive", /"\.\."/],
    ["an absolute path", [file("/etc/outside")], "UnsafeArchive", /absolute/],
    [
      "a symbolic link",
      [{ header: { name: "link", type: "symlink", linkname: "/etc/passwd" } }],
      "UnsafeArchive",
      /"link", a symlink/,
    ],
    [
      "a hard link",
      [file("a"), { header: { name: "b", type: "link", linkname: "a" } }],
      "UnsafeArchive",
      /"b", a link/,
    ],
    [
      "a device",
      [{ header: { name: "null", type: "character-device", devmajor: 1, devminor: 3 } }],
      "UnsafeArchive",
      /character-device/,
    ],
    ["a name twice", [file("a"), file("./a")], "UnsafeArchive", /"a" twice/],
    ["a file below a file", [file("a"), file("a/b")], "UnsafeArchive", /twice/],
    [
      "a bomb",
      [{ header: { name: "model.onnx" }, content: Buffer.alloc(32 * 1024 ** 2) }],
      "TooLarge",
      /unpacks to more than 1048576 bytes/,
    ],
  ];
  for (const [what, entries, reason, message] of refused) {
    test(what, async () => {
      const target = address();
      await pushTar(target, target.tag, await tarOf(entries));
      const fetched = await fetchTag(
        target.tag,
        {},
        { limits: { ...restless, inflationAllowanceBytes: 1024 ** 2, inflationRatio: 10 } },
      );
      assertFails(fetched, reason, message);
      assert.ok([...fetched.files.values()].every(({ byteLength }) => byteLength <= 1024 ** 2));
    });
  }

  test("a layer's title that leaves the folder", async () => {
    const target = address();
    await pushArtifact({ ...target, files: [{ ...model, name: "../../model.onnx" }] });
    assertFails(await fetchTag(target.tag), "UnsafeArchive", /"\.\.\/\.\.\/model\.onnx"/);
  });

  test("more bytes than allowed are not downloaded", async () => {
    const target = address();
    await pushArtifact({ ...target, files: [model] });
    const fetched = await fetchTag(target.tag, {}, { limits: { ...restless, totalBytes: 1000 } });
    assertFails(fetched, "TooLarge", /more than the 1000/);
    assert.equal(fetched.files.size, 0);
  });
});

function futureModel(): Uint8Array {
  const value = { name: "x", elementType: "float32", dims: ["N"] } as const;
  return onnxModel(
    {
      nodes: [{ operator: "Identity", inputs: ["x"], outputs: ["y"] }],
      inputs: [value],
      outputs: [{ ...value, name: "y" }],
    },
    { opset: 99 },
  );
}
