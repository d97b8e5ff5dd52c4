import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import type { FailureReason } from "../../../server/contract.ts";
import { type TarEntry, tarOf } from "../../fixtures/oci.ts";
import { identityModel } from "../../fixtures/models/arithmetic.ts";
import { onnxModel } from "../../fixtures/onnx.ts";
import { assertFails, assertFolder, assertModel, type Fetched, fetching, sha256 } from "./fetching.ts";
import { type FileServer, startFileServer } from "./servers/file-server.ts";
import { externalDataModel, paddedModel } from "./models.ts";

/**
 * What is downloaded, but cannot be served: the same for every source, so tried over plain HTTP. What concerns one
 * source (credentials, expiry, redirects of a bucket) stands with that source.
 */
const run = promisify(execFile);
const impatient = { idleMilliseconds: 2000, retryDelaysMilliseconds: [20] };

let server: FileServer;
before(async () => {
  server = await startFileServer();
});
after(() => server.close());

function fetchContent(
  content: Uint8Array,
  contentType = "application/octet-stream",
  environment: Readonly<Record<string, string>> = {},
): Promise<Fetched> {
  server.files.set("/model", { content, contentType });
  const address = { SLIPWAY_MODEL_URI: `${server.origin}/model`, SLIPWAY_PLAIN_HTTP_HOSTS: server.host };
  return fetching({ ...address, ...environment }, { limits: impatient });
}

describe("a web page instead of a model", () => {
  const pages: readonly [string, string][] = [
    ["a login", "<!DOCTYPE html>\n<html><body>Sign in</body></html>"],
    ["a page after a byte order mark", "\ufeff <html lang=en>"],
    ["an error of a storage", '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'],
    ["a comment first", "<!-- served from a cache --><html></html>"],
  ];
  const demanded = { SLIPWAY_MODEL_DIGEST: `sha256:${"0".repeat(64)}` };
  for (const [what, page] of pages) {
    for (const environment of [{}, demanded]) {
      const how = environment === demanded ? ", and that is told before its digest" : "";
      test(`${what} is named${how}`, async () => {
        const fetched = await fetchContent(Buffer.from(page), "text/html", environment);
        assertFails(
          fetched,
          "NotAModel",
          /^127\.0\.0\.1:\d+ sent a web page instead of a model, .*Check the uri, and the Secret/,
        );
      });
    }
  }
});

describe("a model that cannot be served", () => {
  const value = { elementType: "float32", dims: ["N"] } as const;
  const withOperator = (domain: string): Uint8Array =>
    onnxModel(
      {
        nodes: [{ operator: "Sharpen", inputs: ["x"], outputs: ["y"], domain }],
        inputs: [{ name: "x", ...value }],
        outputs: [{ name: "y", ...value }],
      },
      { domain },
    );
  const refused: readonly [string, Uint8Array, FailureReason, RegExp][] = [
    [
      "an opset that is too new",
      identityModel({ opset: 99 }),
      "UnsupportedOpset",
      /opset 99 of ai\.onnx; this server loads 1 to 26/,
    ],
    [
      "an operator of a domain that is not there",
      withOperator("com.example"),
      "UnsupportedOpset",
      /operator "Sharpen" of the domain "com\.example", which this server does not have; .* Export it without custom/,
    ],
    ["a model that was cut", paddedModel(100_000).subarray(0, 50_000), "TruncatedModel", /after 50000 bytes/],
    ["nothing", Buffer.alloc(0), "NotAModel", /empty/],
    [
      "a Git LFS pointer",
      Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
      "NotAModel",
      /Git LFS pointer/,
    ],
  ];
  for (const [what, content, reason, message] of refused) {
    test(`because of ${what}`, async () => assertFails(await fetchContent(content), reason, message));
  }
});

describe("external data", () => {
  const outside = ["../weights.bin", "/etc/hostname", "a/../../weights.bin", "..\\weights.bin"];
  for (const location of outside) {
    test(`outside of its folder (${location}) is refused`, async () => {
      const { "model.onnx": model } = externalDataModel(location);
      assertFails(
        await fetchFiles({ "nets/model.onnx": model }),
        "UnsafeArchive",
        /outside its own folder\. Save them beside/,
      );
    });
  }

  test("that does not come with the model is refused", async () => {
    const { "model.onnx": model } = externalDataModel("weights.bin");
    assertFails(
      await fetchFiles({ "model.onnx": model }),
      "TruncatedModel",
      /"weights\.bin", which the artifact does not hold/,
    );
    if (model !== undefined) assertFails(await fetchContent(model), "TruncatedModel", /does not hold\. Push that file/);
  });

  test("that was cut is refused", async () => {
    const { "model.onnx": model, "weights.bin": weights } = externalDataModel("weights.bin");
    const files = { "model.onnx": model, "weights.bin": weights?.subarray(0, 100) };
    assertFails(await fetchFiles(files), "TruncatedModel", /up to byte 65536, but it has 100/);
  });
});

describe("an archive that wants to harm", () => {
  const refused: readonly [string, readonly TarEntry[], RegExp][] = [
    ["a path that leaves the folder", [file("../outside")], /"\.\.\/outside", with a part "\.\."/],
    ["an absolute path", [file("/etc/outside")], /absolute/],
    ["a symbolic link", [{ header: { name: "link", type: "symlink", linkname: "/etc/passwd" } }], /"link", a symlink/],
    ["a hard link", [file("a"), { header: { name: "b", type: "link", linkname: "a" } }], /"b", a link/],
  ];
  for (const [what, entries, message] of refused) {
    for (const compress of [false, true]) {
      test(`by ${what}, ${compress ? "compressed" : "plain"}`, async () => {
        const tar = await tarOf(entries);
        assertFails(await fetchContent(compress ? gzipSync(tar) : tar), "UnsafeArchive", message);
      });
    }
  }
});

describe("a packed model", () => {
  const model = paddedModel(100_000);
  const tar = (): Promise<Buffer> => tarOf([{ header: { name: "model.onnx" }, content: model }]);
  const cut: readonly [string, () => Promise<Buffer>, RegExp][] = [
    ["tar", tar, /^The tar ends too early, after 50000 bytes: it was cut\. Upload it again/],
    ["tar in gzip", async () => gzipSync(await tar()), /^The gzip ends too early, after 50000 bytes: it was cut/],
    ["model in gzip", async () => gzipSync(model), /^The gzip ends too early, after 50000 bytes: it was cut/],
  ];
  for (const [what, content, message] of cut) {
    test(`that was cut, as a ${what}, is told at once where the length was right`, async () => {
      const fetched = await fetchContent((await content()).subarray(0, 50_000));
      assertFails(fetched, "TruncatedModel", message);
      assert.equal(fetched.log.filter((line) => line.startsWith("trying again")).length, 0);
    });
  }

  test("that was cut before it was packed is told so", async () => {
    assertFails(
      await fetchContent(gzipSync(model.subarray(0, 50_000))),
      "TruncatedModel",
      /model file ends.*after 50000/,
    );
  });

  test("whose gzip is damaged is refused", async () => {
    const content = gzipSync(model);
    content.fill(0xff, 40_000, 60_000);
    assertFails(await fetchContent(content), "NotAModel", /is gzip, but its bytes are damaged \(Z_DATA_ERROR\)/);
  });

  test("whose gzip holds something else is told what", async () => {
    assertFails(
      await fetchContent(gzipSync(Buffer.from("\x89HDF\r\n\x1a\n", "latin1"))),
      "NotAModel",
      /HDF5.*Export the model/,
    );
    assertFails(await fetchContent(gzipSync(gzipSync(model))), "NotAModel", /looks like a gzip file/);
    assertFails(await fetchContent(gzipSync("<!DOCTYPE html>")), "NotAModel", /sent a web page instead of a model/);
  });

  test("that is a bomb is cut short", async () => {
    const bomb = gzipSync(Buffer.concat([model.subarray(0, 100), Buffer.alloc(32 * 1024 ** 2)]));
    const tight = { ...impatient, inflationAllowanceBytes: 1024 ** 2, inflationRatio: 10 };
    server.files.set("/model", { content: bomb });
    const address = { SLIPWAY_MODEL_URI: `${server.origin}/model`, SLIPWAY_PLAIN_HTTP_HOSTS: server.host };
    const inflated = await fetching(address, { limits: tight });
    assertFails(inflated, "TooLarge", /unpacks to more than 1048576 bytes/);
    const limited = await fetching({ ...address, SLIPWAY_FETCH_SIZE_LIMIT_BYTES: "2000000" }, { limits: impatient });
    assertFails(limited, "TooLarge", /larger than the 2000000 bytes that are allowed/);
    for (const { files } of [inflated, limited]) {
      const written = files.get("model.onnx")?.byteLength ?? 0;
      assert.ok(written <= 2_000_000, `${written} bytes were written`);
    }
  });

  test("with other bytes than demanded is judged by what is inside", async () => {
    const demanded = { SLIPWAY_MODEL_DIGEST: sha256(model) };
    assertModel(await fetchContent(gzipSync(model), undefined, demanded), model);
    const ofPacked = { SLIPWAY_MODEL_DIGEST: sha256(gzipSync(model)) };
    assertFails(await fetchContent(gzipSync(model), undefined, ofPacked), "DigestMismatch", /the entry demands/);
  });

  test("with what macOS packs beside its files is served, and every file counts in the digest", async () => {
    const files = {
      "model.onnx": model,
      "._model.onnx": Buffer.from("\0\x05\x16\x07"),
      "__MACOSX/model.onnx": Buffer.from("\0\x05\x16\x07"),
    };
    assertFolder(await fetchFiles(files), files);
    const { "model.onnx": graph, ...besides } = files;
    assertFolder(await fetchFiles({ ...besides, "net.onnx": graph }), { ...besides, "net.onnx": graph });
  });
});

describe("a disk that is full", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "slipway-full-"));
    await run("mount", ["-t", "tmpfs", "-o", "size=1m", "slipway-full", directory]);
  });
  after(async () => {
    await run("umount", [directory]);
    await rm(directory, { recursive: true });
  });

  const ways: readonly [string, () => Promise<Uint8Array>][] = [
    ["a model", async () => paddedModel(3 * 1024 ** 2)],
    [
      "an archive that unpacks to more",
      async () => gzipSync(await tarOf([{ header: { name: "model.onnx" }, content: Buffer.alloc(3 * 1024 ** 2) }])),
    ],
  ];
  for (const [what, content] of ways) {
    test(`with ${what} is told, not tried again, and leaves room for the next`, async () => {
      const fetched = await fetchContent(await content(), undefined, {
        SLIPWAY_MODEL_DIRECTORY: join(directory, "model"),
      });
      assertFails(fetched, "OutOfDisk", /^The node's disk has no room for the model\. Free space/);
      assert.equal(fetched.log.filter((line) => line.startsWith("trying again")).length, 0);
      const model = paddedModel(100_000);
      const small = await fetchContent(model, undefined, { SLIPWAY_MODEL_DIRECTORY: join(directory, "model") });
      assert.ok(small.report.ok, JSON.stringify(small.report));
    });
  }
});

test("a model after so much that went wrong is fetched", async () => {
  const model = paddedModel(100_000);
  assertModel(await fetchContent(model), model);
});

function file(name: string): TarEntry {
  return { header: { name }, content: Buffer.from("x") };
}

async function fetchFiles(files: Readonly<Record<string, Uint8Array | undefined>>): Promise<Fetched> {
  const entries = Object.entries(files).map(([name, content]) => ({
    header: { name },
    content: content ?? Buffer.alloc(0),
  }));
  return fetchContent(await tarOf(entries));
}
