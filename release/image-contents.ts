import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { parseEnv } from "node:util";
import { run } from "../test/cluster/command.ts";
import { localName } from "../test/cluster/image/build.ts";
import { buildah } from "../test/cluster/image/storage.ts";
import { debianPackages } from "./debian-packages.ts";
import type { Distribution, NativeLibrary, NodeRuntime } from "./sbom.ts";

/** What is found in an image itself, rather than in what it was meant to be made of. */
export interface FoundInImage {
  readonly node: NodeRuntime;
  /** Names of the packages that were copied whole. */
  readonly copied: readonly string[];
  readonly libraries: readonly NativeLibrary[];
  /** None where the base is no Debian and nothing that keeps dpkg's lists. */
  readonly debian: Distribution | undefined;
}

const nodePath = "usr/local/bin/node";

/** Looks into an image of the local store; as root, like every build of an image. */
export async function imageContents(tag: string): Promise<FoundInImage> {
  const { stdout } = await buildah("from", ["--pull-never", localName(tag)]);
  const container = stdout.trim();
  try {
    const root = (await buildah("mount", [container])).stdout.trim();
    return {
      node: await nodeRuntime(root),
      copied: await copiedPackages(root),
      libraries: await nativeLibraries(root),
      debian: await distribution(root),
    };
  } finally {
    await buildah("rm", [container]);
  }
}

async function nodeRuntime(root: string): Promise<NodeRuntime> {
  const file = join(root, nodePath);
  const { stdout } = await run(file, ["--print", "JSON.stringify(process.versions)"]);
  return {
    versions: JSON.parse(stdout) as NodeRuntime["versions"],
    path: `/${nodePath}`,
    sha256: await sha256Of(file),
  };
}

async function copiedPackages(root: string): Promise<string[]> {
  const found = await files(root, "app/node_modules/{*,@*/*}/package.json");
  return found.map((file) => file.slice("app/node_modules/".length, -"/package.json".length));
}

async function nativeLibraries(root: string): Promise<NativeLibrary[]> {
  const found = (await files(root, "app/node_modules/**")).filter((file) => /\.(?:so(?:\.\d+)*|node)$/.test(file));
  return Promise.all(
    found.map(async (file) => {
      const [, key = ""] = /^app\/(node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
      return { key, path: `/${file}`, sha256: await sha256Of(join(root, file)) };
    }),
  );
}

async function distribution(root: string): Promise<Distribution | undefined> {
  const lists = await files(root, "var/lib/dpkg/{status,status.d/*}");
  if (lists.length === 0) return undefined;
  const texts = await Promise.all(lists.map((file) => readFile(join(root, file), "utf8")));
  // etc/os-release is a link that may be an absolute one, which would lead out of the image.
  const { ID, VERSION_ID } = parseEnv(await readFile(join(root, "usr/lib/os-release"), "utf8"));
  const packages = debianPackages(texts.join("\n\n"));
  if (ID === undefined || VERSION_ID === undefined || packages.length === 0) {
    throw new Error(`the image has dpkg's ${lists.join(", ")}, but they or usr/lib/os-release name nothing`);
  }
  return { id: ID, version: VERSION_ID, packages };
}

/** Regular files, in the order of their names. */
async function files(root: string, pattern: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of glob(pattern, { cwd: root, withFileTypes: true })) {
    if (entry.isFile()) found.push(join(entry.parentPath, entry.name).slice(root.length + 1));
  }
  return found.toSorted();
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
