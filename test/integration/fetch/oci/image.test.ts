import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, cp, link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { request } from "undici";
import { identityModel } from "../../../fixtures/models/arithmetic.ts";
import { assertFails, type Fetched, fetching } from "../fetching.ts";
import { externalDataModel } from "../models.ts";
import { type Registry, startRegistry } from "../servers/registry.ts";

/** Images as buildah makes them, its layers with it: what is served is what a container of the image would see. */

const run = promisify(execFile);

let registry: Registry;
let directory: string;
let number = 0;
before(async () => {
  registry = await startRegistry();
  directory = await mkdtemp(join(tmpdir(), "slipway-image-"));
});
after(async () => {
  await registry.close();
  await rm(directory, { recursive: true });
});

async function buildah(...parameters: readonly string[]): Promise<string> {
  const place = ["--root", join(directory, "root"), "--runroot", join(directory, "run"), "--storage-driver", "overlay"];
  return (await run("buildah", [...place, ...parameters])).stdout.trim();
}

/** An image of one layer for each step, which changes what lies in a folder; and the files that a container would see. */
async function build(
  steps: readonly ((root: string) => Promise<void>)[],
  pushing: readonly string[] = [],
): Promise<{ readonly uri: string; readonly seen: ReadonlyMap<string, Buffer> }> {
  number += 1;
  let image = "scratch";
  let seen = new Map<string, Buffer>();
  for (const [index, step] of steps.entries()) {
    const container = await buildah("from", image);
    try {
      const root = await buildah("mount", container);
      await step(root);
      seen = await filesOf(root);
      image = `localhost/image-${number}:${index}`;
      await buildah("commit", "--quiet", container, image);
    } finally {
      await buildah("rm", container);
    }
  }
  const name = `${registry.host}/images/model:${number}`;
  await buildah("push", "--quiet", "--tls-verify=false", ...pushing, image, `docker://${name}`);
  return { uri: `oci://${name}`, seen };
}

function fetchImage(uri: string, environment: Readonly<Record<string, string>> = {}): Promise<Fetched> {
  return fetching({ SLIPWAY_MODEL_URI: uri, SLIPWAY_PLAIN_HTTP_HOSTS: registry.host, ...environment });
}

async function layersOf(uri: string): Promise<readonly { readonly mediaType: string; readonly digest: string }[]> {
  const [, host, repository, tag] = /^oci:\/\/([^/]+)\/(.+):(\d+)$/.exec(uri) ?? [];
  const accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";
  const { body } = await request(`http://${host}/v2/${repository}/manifests/${tag}`, { headers: { accept } });
  return ((await body.json()) as { layers: { mediaType: string; digest: string }[] }).layers;
}

/** Pushes an image's manifest once more, its layers described in another way. */
async function pushAgain(
  uri: string,
  describeLayers: (layers: readonly object[]) => readonly object[],
): Promise<string> {
  const [, host, repository, tag] = /^oci:\/\/([^/]+)\/(.+):(\d+)$/.exec(uri) ?? [];
  const type = "application/vnd.oci.image.manifest.v1+json";
  const manifests = `http://${host}/v2/${repository}/manifests`;
  const { body } = await request(`${manifests}/${tag}`, { headers: { accept: type } });
  const manifest = (await body.json()) as { readonly layers: readonly object[] };
  number += 1;
  const answer = await request(`${manifests}/${number}`, {
    method: "PUT",
    headers: { "content-type": type },
    body: JSON.stringify({ ...manifest, layers: describeLayers(manifest.layers) }),
  });
  assert.equal(answer.statusCode, 201, await answer.body.text());
  return `oci://${host}/${repository}:${number}`;
}

function titledAs(layer: object, title: string | undefined): object {
  return title === undefined ? layer : { ...layer, annotations: { "org.opencontainers.image.title": title } };
}

/** Regular files alone, by path; none whose name is no UTF-8. */
async function filesOf(root: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.name.includes("\ufffd"))
    .map(({ parentPath, name }) => join(parentPath, name));
  return new Map(
    await Promise.all(paths.map(async (path) => [path.slice(root.length + 1), await readFile(path)] as const)),
  );
}

async function write(root: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

function below(seen: ReadonlyMap<string, Buffer>, folder: string): Map<string, Buffer> {
  return new Map([...seen].filter(([path]) => path.startsWith(folder)));
}

function assertServes({ report, files }: Fetched, expected: ReadonlyMap<string, Buffer>): void {
  assert.ok(report.ok, JSON.stringify(report));
  assert.deepEqual([...files.keys()].toSorted(), [...expected.keys()].toSorted());
  for (const [path, content] of expected) assert.ok(files.get(path)?.equals(content), `${path} has other bytes`);
}

const [old, current] = [identityModel({ dims: [1] }), identityModel({ dims: [2] })];

/** What a base image has: links, hard links, devices, pipes, and names that no model may have. */
async function rootFileSystem(root: string): Promise<void> {
  await write(root, {
    "bin/busybox": "#!",
    "usr/lib/libc.so": "x",
    "lib/a\\x2db.service": "x",
    "etc/passwd": "root:x:0:0",
  });
  for (const name of ["sh", "ls", "cat"]) await symlink("busybox", join(root, "bin", name));
  await link(join(root, "bin/busybox"), join(root, "bin/[["));
  await symlink("usr/lib", join(root, "lib64"));
  await symlink("/proc/self/mounts", join(root, "etc/mtab"));
  await writeFile(Buffer.concat([Buffer.from(`${root}/etc/`), Buffer.from([0xff, 0xfe])]), "no UTF-8");
  await mkdir(join(root, "dev"));
  await run("mknod", [join(root, "dev/null"), "c", "1", "3"]);
  await run("mkfifo", [join(root, "dev/initctl")]);
  await chmod(join(root, "bin/busybox"), 0o4755);
}

describe("layers lie one over the other", () => {
  /** Files that are replaced, deleted and made anew; folders that become files and the other way round. */
  const steps: readonly ((root: string) => Promise<void>)[] = [
    (root) =>
      write(root, {
        "models/v1/old.onnx": old,
        "models/model.onnx": old,
        "models/labels.txt": "old",
        "models/cache/a.txt": "a",
        "models/cache/deep/b.txt": "b",
        "models/folder/x.txt": "x",
        "models/file": "file",
        "models/gone.txt": "gone",
        "elsewhere/other.onnx": old,
      }),
    async (root) => {
      await rm(join(root, "models/v1"), { recursive: true });
      await rm(join(root, "models/gone.txt"));
      await rm(join(root, "elsewhere"), { recursive: true });
      // A folder that is made anew hides the one below it.
      await rm(join(root, "models/cache"), { recursive: true });
      await rm(join(root, "models/folder"), { recursive: true });
      await rm(join(root, "models/file"));
      await write(root, {
        "models/labels.txt": "new",
        "models/cache/deep/c.txt": "c",
        "models/folder": "a file now",
        "models/file/y.txt": "in a folder now",
        "models/model.onnx": current,
      });
    },
    async (root) => {
      await rm(join(root, "models/model.onnx"));
      await write(root, { "models/current.onnx": current, "models/gone.txt": "back" });
    },
  ];

  const ways: readonly [string, readonly string[], string, string][] = [
    ["in OCI's media types", ["--format", "oci"], "application/vnd.oci.image.layer.v1.tar+gzip", "--gzip"],
    ["in Docker's", ["--format", "v2s2"], "application/vnd.docker.image.rootfs.diff.tar.gzip", "--gzip"],
    [
      "in zstd",
      ["--format", "oci", "--compression-format", "zstd"],
      "application/vnd.oci.image.layer.v1.tar+zstd",
      "--zstd",
    ],
  ];
  for (const [how, pushing, mediaType, decompress] of ways) {
    test(`as a container would see them, ${how}`, async () => {
      // Layers of this way's own: buildah takes one that the registry has already, whatever way it was packed.
      const own = steps.map((step, index) => async (root: string) => {
        await step(root);
        await write(root, { [`etc/layer-${index}`]: how });
      });
      const { uri, seen } = await build(own, pushing);
      const layers = await layersOf(uri);
      assert.deepEqual(
        layers.map((layer) => layer.mediaType),
        [mediaType, mediaType, mediaType],
      );
      const names = await Promise.all(
        layers.map(
          async ({ digest }) => (await run("tar", ["-t", decompress, "-f", registry.blobPath(digest)])).stdout,
        ),
      );
      assert.match(names[1] ?? "", /^models\/\.wh\.gone\.txt$/m);
      assert.match(names[1] ?? "", /^models\/cache\/\.wh\.\.wh\.\.opq$/m);
      assert.match(names[2] ?? "", /^models\/\.wh\.model\.onnx$/m);
      const expected = below(seen, "models/");
      assert.deepEqual([...expected.keys()].toSorted(), [
        "models/cache/deep/c.txt",
        "models/current.onnx",
        "models/file/y.txt",
        "models/folder",
        "models/gone.txt",
        "models/labels.txt",
      ]);
      assertServes(await fetchImage(uri), expected);
    });
  }

  test("and a file that an upper layer deletes is not served", async () => {
    const { uri } = await build([
      (root) => write(root, { "model.onnx": old }),
      async (root) => {
        await rm(join(root, "model.onnx"));
        await write(root, { "v2/current.onnx": current });
      },
    ]);
    assertServes(await fetchImage(uri), new Map([["v2/current.onnx", Buffer.from(current)]]));
  });

  test("and when all is deleted, nothing is left to serve", async () => {
    const { uri } = await build([
      (root) => write(root, { "models/model.onnx": old, "etc/x": "x" }),
      (root) => rm(join(root, "models"), { recursive: true }),
    ]);
    assertFails(await fetchImage(uri), "NotAModel", /no file that ends in \.onnx/);
  });
});

describe("an image from a base", () => {
  test("whose layers have titles, as ModelCars have, is one", async () => {
    const { uri, seen } = await build([
      rootFileSystem,
      (root) => write(root, { "models/model.onnx": current }),
      (root) => write(root, { "models/README.md": "# A model" }),
    ]);
    for (const titled of [["model.onnx", "README.md"], ["model.onnx"]]) {
      const names = [...titled].toReversed();
      const tag = await pushAgain(uri, (layers) =>
        layers
          .toReversed()
          .map((layer, index) => titledAs(layer, names[index]))
          .toReversed(),
      );
      assertServes(await fetchImage(tag), below(seen, "models/"));
    }
  });

  test("gives the model's own folder, whatever else it holds", async () => {
    const { uri, seen } = await build([
      rootFileSystem,
      (root) => write(root, { "models/model.onnx": current, "models/data/labels.txt": "a\n" }),
    ]);
    assertServes(await fetchImage(uri), below(seen, "models/"));
  });

  test("is built as the reference page says", async () => {
    const page = await readFile(new URL("../../../../docs/reference/sources.md", import.meta.url), "utf8");
    const [, dockerfile = ""] = /```dockerfile\n([^`]+)```/.exec(page) ?? [];
    const container = await buildah("from", "scratch");
    try {
      await rootFileSystem(await buildah("mount", container));
      await buildah("commit", "--quiet", container, "localhost/busybox");
    } finally {
      await buildah("rm", container);
    }
    const context = join(directory, "context");
    const files = externalDataModel("weights.bin");
    await write(context, { ...files, Dockerfile: dockerfile });
    const name = `${registry.host}/images/model:built`;
    await buildah("bud", "--quiet", "--isolation", "chroot", "--tag", "localhost/built", context);
    await buildah("push", "--quiet", "--tls-verify=false", "localhost/built", `docker://${name}`);
    const expected = Object.entries(files).map(([path, content]) => [`models/${path}`, content] as const);
    assertServes(await fetchImage(`oci://${name}`), new Map(expected));
  });

  test("gives the graph at its top with the weights that it names, and nothing else", async () => {
    const files = externalDataModel("data/weights.bin");
    const { uri } = await build([
      rootFileSystem,
      (root) => write(root, { ...files, "data/other.bin": "x", "README.md": "x" }),
    ]);
    assertServes(await fetchImage(uri), new Map(Object.entries(files)));
  });

  test("may be larger than the model may be, in files and bytes", async () => {
    const { uri, seen } = await build([
      async (root) => {
        await rootFileSystem(root);
        await cp("/usr/share/zoneinfo", join(root, "usr/share/zoneinfo"), { recursive: true, verbatimSymlinks: true });
      },
      (root) => write(root, { "models/model.onnx": current }),
    ]);
    const fetched = await fetching(
      { SLIPWAY_MODEL_URI: uri, SLIPWAY_PLAIN_HTTP_HOSTS: registry.host },
      { limits: { files: 10 } },
    );
    assertServes(fetched, below(seen, "models/"));
  });

  const links: readonly [string, (root: string) => Promise<void>, RegExp][] = [
    [
      "the graph",
      async (root) => {
        await write(root, { "blobs/1": current });
        await mkdir(join(root, "models"));
        await symlink("../blobs/1", join(root, "models/model.onnx"));
      },
      /"models\/model\.onnx", a symlink, where its model is\. COPY the file itself/,
    ],
    [
      "a file beside the graph",
      async (root) => {
        await write(root, { "models/model.onnx": current, "blobs/1": "x" });
        await symlink("../blobs/1", join(root, "models/labels.txt"));
      },
      /"models\/labels\.txt", a symlink/,
    ],
    [
      "a hard link beside the graph",
      async (root) => {
        await write(root, { "models/model.onnx": current });
        await link(join(root, "models/model.onnx"), join(root, "models/same"));
      },
      /"models\/(?:same|model\.onnx)", a link/,
    ],
    [
      "the folder of the weights of a graph at the top",
      async (root) => {
        const { "model.onnx": graph = "", ...weights } = externalDataModel("data/weights.bin");
        await write(root, { "model.onnx": graph, "real/weights.bin": Object.values(weights)[0] ?? "" });
        await symlink("real", join(root, "data"));
      },
      /"data", a symlink/,
    ],
  ];
  for (const [what, step, message] of links) {
    test(`is refused when a link is ${what}`, async () => {
      const { uri } = await build([rootFileSystem, step]);
      assertFails(await fetchImage(uri), "UnsafeArchive", message);
    });
  }
});
