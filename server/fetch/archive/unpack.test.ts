import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { type TarEntry, tarOf } from "../../../test/fixtures/oci.ts";
import type { Compression } from "./compression.ts";
import { isFailure } from "../failure.ts";
import { defaultLimits, type FetchLimits } from "../limits.ts";
import { openModelDirectory } from "../model/model-directory.ts";
import { unpack } from "./unpack.ts";

// What a hostile archive does is tested through a registry, in test/integration/fetch; here is what a broken one does.

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-unpack-"));
});
after(() => rm(directory, { recursive: true }));

const entries: readonly TarEntry[] = [
  { header: { name: "./", type: "directory" } },
  { header: { name: "nets/", type: "directory" } },
  { header: { name: `nets/${"long".repeat(40)}.onnx` }, content: Buffer.from("graph") },
  { header: { name: "empty" }, content: Buffer.alloc(0) },
];

test("folders, long names and empty files are unpacked, compressed or not", async () => {
  const tar = await tarOf(entries);
  for (const [archive, compression] of [
    [tar, "none"],
    [gzipSync(tar), "gzip"],
    [zstdCompressSync(tar), "zstd"],
  ] as const) {
    const files = await unpacked(archive, compression);
    assert.deepEqual(
      [...files.entries()],
      [
        [`nets/${"long".repeat(40)}.onnx`, 5],
        ["empty", 0],
      ],
    );
    assert.equal(await readFile(join(directory, "model", "nets", `${"long".repeat(40)}.onnx`), "utf8"), "graph");
  }
});

test("an archive that ends early was cut", async () => {
  const tar = await tarOf([{ header: { name: "model.onnx" }, content: Buffer.alloc(2000) }]);
  await assert.rejects(unpacked(tar.subarray(0, 1500), "none"), {
    name: "TruncatedModel",
    message: /tar ends too early, after 1500 bytes: it was cut\. Upload it again/,
  });
  const gzip = gzipSync(tar);
  await assert.rejects(unpacked(gzip.subarray(0, gzip.length - 20), "gzip"), {
    name: "TruncatedModel",
    message: /gzip ends too early, after \d+ bytes: it was cut\. Upload it again/,
  });
});

test("what is no archive says so, and what to do", async () => {
  const noTar = Buffer.alloc(1024, 0x61);
  await assert.rejects(unpacked(noTar, "none"), { name: "NotAModel", message: /cannot be read as tar.*Pack it again/ });
  await assert.rejects(unpacked(gzipSync(noTar), "gzip"), {
    name: "NotAModel",
    message: /cannot be read as tar.* single model in gzip, decompress it and push the model itself/,
  });
  await assert.rejects(unpacked(Buffer.from("no gzip"), "gzip"), {
    name: "NotAModel",
    message: /bytes are damaged \(Z_DATA_ERROR\)/,
  });
});

test("the bounds hold", async () => {
  const many = await tarOf(
    Array.from({ length: 5 }, (_, index) => ({ header: { name: `f${index}` }, content: Buffer.alloc(100) })),
  );
  await assert.rejects(unpacked(many, "none", { files: 4 }), { name: "TooLarge", message: /more than the 4 files/ });
  await assert.rejects(unpacked(many, "none", { totalBytes: 499 }), {
    name: "TooLarge",
    message: /larger than the 499 bytes/,
  });
  assert.equal((await unpacked(many, "none", { files: 5, totalBytes: 500 })).size, 5);
  const ofZstd = zstdCompressSync(many);
  const bound = { inflationAllowanceBytes: 1000, inflationRatio: 1 };
  await assert.rejects(unpacked(ofZstd, "zstd", bound), { name: "TooLarge", message: /more than 1000 bytes/ });
  const zeros = gzipSync(await tarOf([{ header: { name: "zeros" }, content: Buffer.alloc(1024 ** 2) }]));
  const tight = { inflationAllowanceBytes: 1000, inflationRatio: 50 };
  await assert.rejects(unpacked(zeros, "gzip", tight), {
    name: "TooLarge",
    message: new RegExp(`more than ${zeros.length * 50} bytes`),
  });
});

test("a stop ends it", async () => {
  const tar = await tarOf(entries);
  await assert.rejects(unpacked(tar, "none", {}, AbortSignal.abort()), { name: "AbortError" });
});

test("a damaged archive gives files or a failure", async () => {
  const tar = await tarOf([...entries, { header: { name: "nets/größe.bin" }, content: Buffer.alloc(600, 7) }]);
  const flips = fc.array(fc.tuple(fc.nat(tar.length - 1), fc.nat(255)), { maxLength: 8 });
  const compress = { none: (bytes: Buffer) => bytes, gzip: gzipSync, zstd: zstdCompressSync };
  const compressions = fc.constantFrom<Compression>("none", "gzip", "zstd");
  await fc.assert(
    fc.asyncProperty(flips, fc.option(fc.nat(tar.length)), compressions, async (flipped, cut, compression) => {
      const content = Buffer.from(tar);
      for (const [at, value] of flipped) content[at] = value;
      const damaged = content.subarray(0, cut ?? content.length);
      try {
        await unpacked(compress[compression](damaged), compression);
      } catch (error) {
        assert.ok(isFailure(error), String(error));
        assert.ok(["UnsafeArchive", "TooLarge", "TruncatedModel", "NotAModel"].includes(error.reason), error.reason);
      }
    }),
    { numRuns: 200 },
  );
});

/** Sizes by path. */
async function unpacked(
  archive: Uint8Array,
  compression: Compression,
  limits: Partial<FetchLimits> = {},
  signal = new AbortController().signal,
): Promise<Map<string, number>> {
  const absolutePath = join(directory, "archive");
  await writeFile(absolutePath, archive);
  const bounds = { ...defaultLimits, ...limits };
  const model = await openModelDirectory(join(directory, "model"), bounds);
  await unpack({ absolutePath, size: archive.byteLength, compression }, model, bounds, signal);
  return new Map([...model.files()].map(([path, { size }]) => [path, size]));
}
