import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { execFile } from "node:child_process";
import { glob, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { tarOf } from "../../fixtures/oci.ts";
import { onnxModel } from "../../fixtures/onnx.ts";
import { assertFails, assertFolder, type Fetched, fetching } from "./fetching.ts";

/** What the real `tar` and Python's `tarfile` pack, in every format that they have. */

const run = promisify(execFile);
const weightBytes = 4 * 1024 ** 2;

let directory: string;
let files: Record<string, Buffer>;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-tar-"));
  await mkdir(join(directory, "model/data"), { recursive: true });
  const value = { elementType: "float32", dims: [weightBytes / 4] } as const;
  const external = { location: "data/weights.bin", length: weightBytes };
  const graph = onnxModel({
    nodes: [{ operator: "Add", inputs: ["x", "w"], outputs: ["y"] }],
    inputs: [{ name: "x", ...value }],
    outputs: [{ name: "y", ...value }],
    initializers: [{ name: "w", ...value, external }],
  });
  await writeFile(join(directory, "model/model.onnx"), graph);
  await writeFile(join(directory, "model/empty"), "");
  // Holes before, between and after what is there, which ends within a block.
  const weights = await open(join(directory, "model/data/weights.bin"), "w");
  await weights.truncate(weightBytes);
  for (const [offset, bytes] of [
    [200_000, 5_000],
    [1_000_000, 1],
    [3_000_000, 70_001],
  ] as const) {
    await weights.write(randomBytes(bytes), 0, bytes, offset);
  }
  await weights.close();
  const names = ["model.onnx", "empty", "data/weights.bin"];
  files = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(directory, "model", name))] as const)),
  );
});
after(() => rm(directory, { recursive: true }));

async function fetchPacked(options: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const archive = join(directory, "packed");
  await run("tar", [...options, "-cf", archive, "-C", join(directory, "model"), "."]);
  return { archive, fetched: await fetchArchive(archive, environment) };
}

function fetchArchive(archive: string, environment: Readonly<Record<string, string>> = {}): Promise<Fetched> {
  return fetching({ SLIPWAY_MODEL_URI: pathToFileURL(archive).href, ...environment });
}

describe("a format of tar", () => {
  for (const format of ["v7", "oldgnu", "gnu", "ustar", "posix"]) {
    for (const compress of [[], ["--gzip"], ["--zstd"]]) {
      test([format, ...compress].join(" "), async () => {
        assertFolder((await fetchPacked([`--format=${format}`, ...compress])).fetched, files);
      });
    }
  }
});

describe("an archive", () => {
  for (const format of ["gnu", "posix"]) {
    test(`with a label, of ${format}, is unpacked`, async () => {
      assertFolder((await fetchPacked([`--format=${format}`, "--label=the weights of May"])).fetched, files);
    });
    test(`with lists of names, of ${format}, is unpacked`, async () => {
      const snapshot = join(directory, `snapshot-${format}`);
      assertFolder((await fetchPacked([`--format=${format}`, `--listed-incremental=${snapshot}`])).fetched, files);
    });
  }

  test("ends where it says, whatever lies behind it", async () => {
    const { archive } = await fetchPacked(["--format=gnu"]);
    const whole = await readFile(archive);
    for (const rest of [whole, Buffer.alloc(700, "garbage")]) {
      await writeFile(archive, Buffer.concat([whole, rest]));
      assert.equal((await run("tar", ["-tf", archive])).stderr, "", "tar reads it");
      assertFolder(await fetchArchive(archive), files);
    }
  });

  for (const [option, format] of [
    ["--xz", "xz"],
    ["--bzip2", "bzip2"],
  ] as const) {
    test(`in ${format} is refused with what is read`, async () => {
      const { fetched } = await fetchPacked([option]);
      assertFails(fetched, "NotAModel", new RegExp(`is packed in ${format}: gzip and zstd are read.*tar --gzip`));
    });
  }
});

describe("a sparse file", () => {
  for (const version of ["0.1", "1.0"]) {
    test(`of pax ${version} is unpacked with its holes`, async () => {
      const { archive, fetched } = await fetchPacked(["--sparse", "--format=posix", `--sparse-version=${version}`]);
      assert.ok((await stat(archive)).size < weightBytes / 2, "tar packed the holes");
      assertFolder(fetched, files);
    });
  }

  test("of pax 1.0 whose map is longer than a block", async () => {
    const path = join(directory, "model/data/pieces.bin");
    const pieces = await open(path, "w");
    for (let at = 0; at < 300; at += 1) await pieces.write(Buffer.from(`piece ${at}`), 0, undefined, at * 16_384);
    await pieces.close();
    try {
      const { fetched } = await fetchPacked(["--sparse", "--format=posix", "--gzip"]);
      assertFolder(fetched, { ...files, "data/pieces.bin": await readFile(path) });
    } finally {
      await rm(path);
    }
  });

  const refused: readonly [string, readonly string[], RegExp][] = [
    [
      "pax 0.0",
      ["--format=posix", "--sparse-version=0.0"],
      /"\.\/data\/weights\.bin" as a sparse file of version 0\.0/,
    ],
    ["GNU", ["--format=gnu"], /"\.\/data\/weights\.bin" as a sparse file in GNU tar's own form/],
    [
      "old GNU, in gzip",
      ["--format=oldgnu", "--gzip"],
      /as a sparse file in GNU tar's own form.*tar --sparse --format=posix/,
    ],
  ];
  for (const [what, options, message] of refused) {
    test(`of ${what} is refused by what it is`, async () => {
      assertFails((await fetchPacked(["--sparse", ...options])).fetched, "UnsafeArchive", message);
    });
  }

  test("that is larger than allowed is refused before it is written", async () => {
    const limit = { SLIPWAY_FETCH_SIZE_LIMIT_BYTES: "1000000" };
    const { fetched } = await fetchPacked(["--sparse", "--format=posix"], limit);
    assertFails(fetched, "TooLarge", /larger than the 1000000 bytes/);
    assert.ok(!fetched.files.has("data/weights.bin"));
  });

  test("of an exbibyte is refused at once", async () => {
    const pax = { "GNU.sparse.size": String(2 ** 60), "GNU.sparse.map": "0,1" };
    await writeFile(join(directory, "packed"), await tarOf([{ header: { name: "vast", pax }, content: Buffer.of(1) }]));
    const unlimited = { SLIPWAY_FETCH_SIZE_LIMIT_BYTES: String(2 ** 52) };
    const fetched = await fetchArchive(join(directory, "packed"), unlimited);
    assertFails(fetched, "TooLarge", /unpacks to more than \d+ bytes/);
    assert.equal(fetched.files.size, 0);
  });
});

describe("zstd", () => {
  test("of many frames, and frames to skip, is read to its end", async () => {
    const packed = join(directory, "packed");
    const parts = join(directory, "part-");
    await run("tar", ["-cf", packed, "-C", join(directory, "model"), "."]);
    await run("split", ["--bytes=500000", packed, parts]);
    const skipped = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const frames: Buffer[] = [skipped];
    for await (const part of glob(`${parts}*`)) {
      await run("zstd", ["--quiet", "-f", "--rm", part]);
      frames.push(await readFile(`${part}.zst`), skipped);
    }
    assert.ok(frames.length > 10);
    await writeFile(packed, Buffer.concat(frames));
    assertFolder(await fetchArchive(packed), files);
  });

  test("that was cut is told so", async () => {
    const { archive } = await fetchPacked(["--zstd"]);
    const content = await readFile(archive);
    await writeFile(archive, content.subarray(0, content.length - 100));
    assertFails(await fetchArchive(archive), "TruncatedModel", /zstd ends too early, after \d+ bytes: it was cut/);
  });

  test("that takes much memory is refused with what to do", async () => {
    const noise = join(directory, "noise");
    await writeFile(noise, randomBytes(1024));
    await run("sh", ["-c", `cat "$1" | zstd --quiet --ultra --long=30 > "$1.zst"`, "sh", noise]);
    assertFails(
      await fetchArchive(`${noise}.zst`),
      "NotAModel",
      /more than 128 MiB of memory.*without --long and --ultra/,
    );
  });
});

describe("Python's tarfile", () => {
  for (const format of ["USTAR_FORMAT", "GNU_FORMAT", "PAX_FORMAT"]) {
    test(format, async () => {
      const archive = join(directory, "packed");
      const script = `import sys, tarfile
with tarfile.open(sys.argv[1], "w:gz", format=tarfile.${format}) as tar: tar.add(sys.argv[2], arcname="")`;
      await run("python3", ["-c", script, archive, join(directory, "model")]);
      assertFolder(await fetchArchive(archive), files);
    });
  }
});

test("random bytes are not taken for a tar", async () => {
  for (let at = 0; at < 20; at += 1) {
    await writeFile(join(directory, "noise"), randomBytes(2048));
    const { report } = await fetchArchive(join(directory, "noise"));
    assert.ok(!report.ok && !/tar/.test(report.message), JSON.stringify(report));
  }
});
