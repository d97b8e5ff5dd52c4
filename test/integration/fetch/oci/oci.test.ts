import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { directionModels } from "../../../../demo/models.ts";
import type { FailureReason } from "../../../../server/contract.ts";
import type { FetchOptions } from "../../../../server/fetch/fetch.ts";
import {
  type ArtifactFile,
  type Descriptor,
  pushArtifact,
  pushBlob,
  pushIndex,
  pushManifest,
  pushTar,
  type TarEntry,
  tarOf,
} from "../../../fixtures/oci.ts";
import { onnxModel } from "../../../fixtures/onnx.ts";
import { startCuttingProxy } from "../servers/cutting-proxy.ts";
import { assertFails, type Fetched, fetching } from "../fetching.ts";
import { type Registry, startRegistry } from "../servers/registry.ts";

/** Tries again as soon as a test may ask for; how long a registry may be silent is as in a pod. */
const restless = { retryDelaysMilliseconds: [20, 20, 20] };
/** For registries that fall silent: one that is only slow, as on a busy machine, would be taken for silent, too. */
const impatient = { ...restless, idleMilliseconds: 400 };

const layerType = "application/vnd.oci.image.layer.v1.tar";

let registry: Registry;
let tagNumber = 0;
const model: ArtifactFile = { name: "model.onnx", content: directionModels().v1 };
const weights: ArtifactFile = { name: "data/weights.bin", content: randomBytes(3 * 1024 ** 2) };

before(async () => {
  registry = await startRegistry();
});
after(() => registry.close());

function address(): { registry: string; repository: string; plainHttp: true; tag: string } {
  tagNumber += 1;
  return { registry: registry.host, repository: "models/direction", plainHttp: true, tag: `t${tagNumber}` };
}

/** Fetches a tag, or a tag with `@digest`, from the registry or from a proxy before it. */
function fetchTag(
  tag: string,
  environment: Readonly<Record<string, string>> = {},
  options: FetchOptions = {},
  host = registry.host,
): Promise<Fetched> {
  return fetching(
    {
      SLIPWAY_MODEL_URI: `oci://${host}/models/direction:${tag}`,
      SLIPWAY_PLAIN_HTTP_HOSTS: `other:5000, ${host}`,
      ...environment,
    },
    { limits: restless, ...options },
  );
}

function assertFetched(
  { code, report, files }: Fetched,
  manifest: Descriptor,
  expected: readonly ArtifactFile[],
): void {
  assert.ok(report.ok, JSON.stringify(report));
  assert.equal(code, 0);
  assert.equal(report.digest, manifest.digest);
  assert.deepEqual([...files.keys()].toSorted(), expected.map(({ name }) => name).toSorted());
  for (const { name, content } of expected) assert.ok(files.get(name)?.equals(content), `${name} has other bytes`);
  assert.equal(
    report.bytes,
    expected.reduce((sum, { content }) => sum + content.byteLength, 0),
  );
}

describe("what oras push makes", () => {
  test("a file for each layer", async () => {
    const target = address();
    const manifest = await pushArtifact({ ...target, files: [model, weights] });
    assertFetched(await fetchTag(target.tag), manifest, [model, weights]);
  });

  test("a folder as one tar+gzip layer", async () => {
    const target = address();
    const manifest = await pushArtifact({ ...target, files: [model, weights], layers: "folder" });
    assertFetched(await fetchTag(target.tag), manifest, [model, weights]);
  });

  test("by digest, whatever the tag says", async () => {
    const manifest = await pushArtifact({ ...address(), files: [model] });
    assertFetched(await fetchTag(`moved@${manifest.digest}`), manifest, [model]);
  });

  test("the same signature however it was pushed", async () => {
    const [raw, folder] = [address(), address()];
    await pushArtifact({ ...raw, files: [model] });
    await pushArtifact({ ...folder, files: [model], layers: "folder" });
    const reports = [await fetchTag(raw.tag), await fetchTag(folder.tag)].map(({ report }) => report);
    const signatures = reports.map((report) => (report.ok ? report.signature : report.message));
    assert.match(signatures[0] ?? "", /^sha256:[0-9a-f]{64}$/);
    assert.equal(signatures[0], signatures[1]);
  });

  test("layers in Docker's media types", async () => {
    const target = address();
    const layer = await pushBlob(
      target,
      await gzipped([{ header: { name: "model.onnx" }, content: model.content }]),
      "application/vnd.docker.image.rootfs.diff.tar.gzip",
    );
    const manifest = await pushManifest(target, target.tag, [layer]);
    assertFetched(await fetchTag(target.tag), manifest, [model]);
  });
});

describe("what ModelPack's tools make", () => {
  const type = "application/vnd.cncf.model";
  const at = (path: string): Readonly<Record<string, string>> => ({ "org.cncf.model.filepath": path });

  test("raw layers, each a file under its path", async () => {
    const target = address();
    const layers = [
      { ...(await pushBlob(target, model.content, `${type}.weight.v1.raw`)), annotations: at("nets/model.onnx") },
      { ...(await pushBlob(target, weights.content, `${type}.weight.config.v1.raw`)), annotations: at(weights.name) },
    ];
    const manifest = await pushManifest(target, target.tag, layers);
    assertFetched(await fetchTag(target.tag), manifest, [{ ...model, name: "nets/model.onnx" }, weights]);
  });

  test("tars, plain and compressed", async () => {
    const target = address();
    const readme = { name: "README.md", content: Buffer.from("# Direction") };
    const [ofModel, ofWeights, ofReadme] = await Promise.all(
      [model, weights, readme].map(({ name, content }) => tarOf([{ header: { name }, content }])),
    );
    const layers: readonly [Buffer | undefined, string][] = [
      [ofModel, "weight.v1.tar"],
      [gzipSync(ofWeights ?? ""), "weight.v1.tar+gzip"],
      [zstdCompressSync(ofReadme ?? ""), "doc.v1.tar+zstd"],
    ];
    const pushed = await Promise.all(
      layers.map(async ([content, form]) => pushBlob(target, content ?? Buffer.alloc(0), `${type}.${form}`)),
    );
    const manifest = await pushManifest(target, target.tag, pushed);
    assertFetched(await fetchTag(target.tag), manifest, [model, weights, readme]);
  });

  test("a path that leaves the folder is refused", async () => {
    const target = address();
    const layer = await pushBlob(target, model.content, `${type}.weight.v1.raw`);
    await pushManifest(target, target.tag, [{ ...layer, annotations: at("../model.onnx") }]);
    assertFails(await fetchTag(target.tag), "UnsafeArchive", /"\.\.\/model\.onnx", with a part/);
  });

  test("a file that is there twice is refused", async () => {
    const target = address();
    const layer = await pushBlob(target, model.content, `${type}.weight.v1.raw`);
    const tar = await pushBlob(
      target,
      await tarOf([{ header: { name: model.name }, content: model.content }]),
      `${type}.weight.v1.tar`,
    );
    await pushManifest(target, target.tag, [{ ...layer, annotations: at(model.name) }, tar]);
    assertFails(await fetchTag(target.tag), "UnsafeArchive", /"model\.onnx" twice/);
  });
});

describe("layers that are not understood", () => {
  const named = { annotations: { "org.opencontainers.image.title": model.name } };

  test("are named, whatever else the artifact holds", async () => {
    for (const mediaType of ["application/vnd.example.part", `${layerType}+gzip+encrypted`]) {
      const target = address();
      const [first, second] = [
        { ...(await pushBlob(target, model.content, layerType)), ...named },
        await pushBlob(target, weights.content, mediaType),
      ];
      await pushManifest(target, target.tag, [first, second]);
      const fetched = await fetchTag(target.tag);
      assertFails(
        fetched,
        "UnsupportedSource",
        new RegExp(`^Layer 2 of 2 \\(${second.digest}\\) has the media type ".*" and no file name, and may be a part`),
      );
      assert.ok(!fetched.report.ok && fetched.report.message.includes(`"${mediaType}"`));
      assert.equal(fetched.files.size, 0, "layers were downloaded");
    }
  });

  test("are left out when they are statements in JSON", async () => {
    const target = address();
    const layers = [
      { ...(await pushBlob(target, model.content, layerType)), ...named },
      await pushBlob(target, Buffer.from("{}"), "application/vnd.in-toto+json"),
    ];
    const manifest = await pushManifest(target, target.tag, layers);
    assertFetched(await fetchTag(target.tag), manifest, [model]);
  });

  test("are those of an image beside files", async () => {
    const target = address();
    const layers = [
      await pushBlob(target, await gzipped([file("a")]), `${layerType}+gzip`),
      { ...(await pushBlob(target, model.content, layerType)), ...named },
    ];
    await pushManifest(target, target.tag, layers);
    assertFails(await fetchTag(target.tag), "UnsupportedSource", /is one of an image, and layer .* a file or a folder/);
  });
});

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

describe("what is not there or not the same", () => {
  test("a tag that does not exist", async () => {
    await pushArtifact({ ...address(), files: [model] });
    assertFails(
      await fetchTag("absent"),
      "NotFound",
      /^127\.0\.0\.1:\d+ has no models\/direction:absent\. Check repository and tag/,
    );
  });

  test("a repository that does not exist", async () => {
    const uri = `oci://${registry.host}/models/absent:1`;
    assertFails(await fetchTag("", { SLIPWAY_MODEL_URI: uri }), "NotFound", /models\/absent:1/);
  });

  test("a digest that the user demands and the tag does not have", async () => {
    const target = address();
    await pushArtifact({ ...target, files: [model] });
    const fetched = await fetchTag(target.tag, { SLIPWAY_MODEL_DIGEST: `sha256:${"0".repeat(64)}` });
    assertFails(fetched, "DigestMismatch", /version v1 gives sha256:\w{64}, but the entry demands sha256:0{64}/);
    assert.equal(fetched.files.size, 0, "layers were downloaded");
  });

  test("a version name that was resolved to other bytes, which the registry does not have any more", async () => {
    const target = address();
    const first = await pushArtifact({ ...target, files: [model] });
    const recorded = { SLIPWAY_RECORDED_DIGEST: first.digest };
    assertFetched(await fetchTag(target.tag, recorded), first, [model]);
    const second = await pushArtifact({ ...target, files: [model, weights] });
    await registry.forgetManifest("models/direction", first.digest);
    const fetched = await fetchTag(target.tag, recorded);
    assertFails(
      fetched,
      "VersionReused",
      new RegExp(
        `first resolved to ${first.digest} \\(which ${registry.host} does not have\\), and its uri now gives ${second.digest}.*new version name`,
      ),
    );
    assert.equal(fetched.files.size, 0, "layers were downloaded");
  });

  test("a layer that the registry's disk has damaged", async () => {
    const target = address();
    const content = Buffer.concat([model.content, randomBytes(8)]);
    await pushArtifact({ ...target, files: [{ name: "model.onnx", content }] });
    const { digest } = await pushBlob(target, content, "application/octet-stream");
    const onDisk = await open(registry.blobPath(digest), "r+");
    await onDisk.write(Buffer.from([0xff, 0x00, 0xff]), 0, 3, 1000);
    await onDisk.close();
    assertFails(await fetchTag(target.tag), "DigestMismatch", new RegExp(`Layer ${digest} is damaged`));
  });
});

describe("an index", () => {
  test("without a match is refused", async () => {
    const target = address();
    const manifest = await pushArtifact({ ...target, files: [model] });
    const platform = { os: "linux", architecture: "s390x" };
    await pushIndex(target, target.tag, [{ ...manifest, platform }]);
    assertFails(
      await fetchTag(target.tag, {}, { architecture: "x64", limits: restless }),
      "NoMatchingManifest",
      /linux\/amd64.*linux\/s390x/,
    );
  });

  test("with this platform gives its manifest, and the digest of the index", async () => {
    const target = address();
    const here = await pushArtifact({ ...target, files: [model] });
    const elsewhere = await pushArtifact({ ...target, files: [weights] });
    const index = await pushIndex(target, target.tag, [
      { ...elsewhere, platform: { os: "linux", architecture: "amd64" } },
      { ...here, platform: { os: "linux", architecture: "arm64" } },
    ]);
    assertFetched(await fetchTag(target.tag, {}, { architecture: "arm64", limits: restless }), index, [model]);
  });

  test("of one artifact without a platform gives it", async () => {
    const target = address();
    const manifest = await pushArtifact({ ...target, files: [model] });
    const index = await pushIndex(target, target.tag, [manifest]);
    assertFetched(await fetchTag(target.tag), index, [model]);
  });
});

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

describe("a connection that breaks", () => {
  test("goes on where it was cut", async () => {
    const target = address();
    const manifest = await pushArtifact({ ...target, files: [model, weights] });
    const proxy = await startCuttingProxy(registry.host, { kind: "cut", afterBytes: 1024 ** 2, times: 2 });
    try {
      const fetched = await fetchTag(target.tag, {}, {}, proxy.host);
      assertFetched(fetched, manifest, [model, weights]);
      assert.equal(proxy.broken(), 2);
      assert.equal(fetched.log.filter((line) => line.startsWith("trying again")).length, 2);
    } finally {
      await proxy.close();
    }
  });

  test("is given up when every attempt brings nothing", async () => {
    const target = address();
    await pushArtifact({ ...target, files: [model] });
    const proxy = await startCuttingProxy(registry.host, {
      kind: "cut",
      afterBytes: 0,
      times: Number.POSITIVE_INFINITY,
    });
    try {
      const fetched = await fetchTag(target.tag, {}, {}, proxy.host);
      assertFails(fetched, "SourceUnavailable", /cut the connection/);
      assert.equal(proxy.broken(), 1 + restless.retryDelaysMilliseconds.length);
    } finally {
      await proxy.close();
    }
  });

  test("that stays silent is given up too", async () => {
    const target = address();
    await pushArtifact({ ...target, files: [model, weights] });
    const proxy = await startCuttingProxy(registry.host, {
      kind: "stall",
      afterBytes: 0,
      times: Number.POSITIVE_INFINITY,
    });
    try {
      const fetched = await fetchTag(target.tag, {}, { limits: impatient }, proxy.host);
      assertFails(fetched, "TimedOut", /sent nothing for 0\.4 s/);
    } finally {
      await proxy.close();
    }
  });

  test("that falls silent once goes on", async () => {
    const target = address();
    const manifest = await pushArtifact({ ...target, files: [model, weights] });
    const proxy = await startCuttingProxy(registry.host, { kind: "stall", afterBytes: 1024 ** 2, times: 1 });
    try {
      assertFetched(await fetchTag(target.tag, {}, { limits: impatient }, proxy.host), manifest, [model, weights]);
      assert.equal(proxy.broken(), 1);
    } finally {
      await proxy.close();
    }
  });

  test("and the whole takes longer than allowed", async () => {
    const target = address();
    await pushArtifact({ ...target, files: [model, weights] });
    const proxy = await startCuttingProxy(registry.host, {
      kind: "stall",
      afterBytes: 1024 ** 2,
      times: Number.POSITIVE_INFINITY,
    });
    try {
      const limits = { idleMilliseconds: 60_000, totalMilliseconds: 500 };
      assertFails(await fetchTag(target.tag, {}, { limits }, proxy.host), "TimedOut", /longer than the 0\.5 s/);
    } finally {
      await proxy.close();
    }
  });

  test("because nobody listens", async () => {
    const uri = "oci://127.0.0.1:1/models/direction:1";
    const fetched = await fetchTag("", { SLIPWAY_MODEL_URI: uri, SLIPWAY_PLAIN_HTTP_HOSTS: "127.0.0.1:1" });
    assertFails(fetched, "SourceUnavailable", /127\.0\.0\.1:1 cannot be reached.*ECONNREFUSED/);
    assert.ok(
      !fetched.report.ok &&
        (fetched.report.logTail ?? "").split("\n").length === restless.retryDelaysMilliseconds.length,
    );
  });
});

test("plain HTTP is spoken only to hosts that are named", async () => {
  const target = address();
  await pushArtifact({ ...target, files: [model] });
  assertFails(
    await fetchTag(target.tag, { SLIPWAY_PLAIN_HTTP_HOSTS: "" }),
    "UnsupportedSource",
    /does not speak TLS\. If plain HTTP is meant, .* chart value registries\.plainHttpHosts.*spec\.restartToken/,
  );
});

async function gzipped(entries: readonly TarEntry[]): Promise<Buffer> {
  return gzipSync(await tarOf(entries));
}

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

function file(name: string): TarEntry {
  return { header: { name }, content: Buffer.from("x") };
}
