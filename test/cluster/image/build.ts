import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registryAddress } from "../node/addresses.ts";
import { type Report, silent, step } from "../report.ts";
import { buildah } from "./storage.ts";

export type ImageBuild = {
  readonly dockerfile: string;
  /** Folder that COPY reads from. */
  readonly context: string;
  /** Repository and tag without a registry, such as `slipway-server:dev`. */
  readonly tag: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly report?: Report;
};

export type PushedImage = {
  /** REGISTRY/TAG, as a pod names it. */
  readonly reference: string;
  /** Digest of the manifest in the registry. */
  readonly digest: string;
};

/** Builds an ordinary Dockerfile without Docker. A RUN in it sees the host's network. */
export async function buildImage(build: ImageBuild): Promise<void> {
  const values = Object.entries(build.buildArgs ?? {}).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
  const how = ["--isolation", "chroot", "--layers", "--pull-never"];
  const what = ["--file", build.dockerfile, "--tag", localName(build.tag), ...values, build.context];
  await step(build.report ?? silent, `building image ${build.tag}`, () => buildah("bud", [...how, ...what]));
  const { stdout } = await buildah("images", ["--json"]);
  const old = oldBuilds(JSON.parse(stdout) as StoredImage[], localName(build.tag));
  // Another test file may have removed them meanwhile: what is gone is gone.
  for (const name of old) await buildah("rmi", [name]).catch(() => undefined);
}

/** An entry of `buildah images --json`, as far as it matters here. */
export type StoredImage = { readonly names: readonly string[] | null; readonly createdatraw: string };

/** Builds of one repository that are kept: the last one, what it replaced, and one that is being pushed meanwhile. */
const keptBuilds = 3;

/** Other tags of the repository beyond the newest few, so that a store that many builds go to does not grow for good. */
export function oldBuilds(stored: readonly StoredImage[], name: string): string[] {
  const repository = name.slice(0, name.lastIndexOf(":") + 1);
  return stored
    .toSorted((a, b) => Date.parse(b.createdatraw) - Date.parse(a.createdatraw))
    .flatMap((image) => image.names ?? [])
    .filter((each) => each.startsWith(repository))
    .slice(keptBuilds)
    .filter((each) => each !== name);
}

/**
 * Pushes a built image to the registry of a node, the default one if none is named. The node must be up. Any other
 * registry is reached with the logins that docker and podman leave, and by TLS where plainHttp is false.
 */
export async function pushImage(
  tag: string,
  report: Report = silent,
  registry = registryAddress,
  { plainHttp }: { readonly plainHttp: boolean } = { plainHttp: true },
): Promise<PushedImage> {
  const reference = `${registry}/${tag}`;
  const directory = await mkdtemp(join(tmpdir(), "slipway-push-"));
  try {
    const digestFile = join(directory, "digest");
    const parameters = [
      `--tls-verify=${!plainHttp}`,
      "--digestfile",
      digestFile,
      localName(tag),
      `docker://${reference}`,
    ];
    await step(report, `pushing ${reference}`, () => buildah("push", parameters));
    return { reference, digest: (await readFile(digestFile, "utf8")).trim() };
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Without a registry in its name buildah would look for one. */
export function localName(tag: string): string {
  return `localhost/${tag}`;
}
