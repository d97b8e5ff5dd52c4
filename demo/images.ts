import { createHash } from "node:crypto";
import { glob, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { stageOperator, stageServer } from "../images/stage.ts";
import { baseImage } from "../test/cluster/image/base.ts";
import { buildImage, pushImage } from "../test/cluster/image/build.ts";
import { repositoryDirectory } from "../test/cluster/directories.ts";
import type { Report } from "../test/cluster/report.ts";
import type { ImageRegistry } from "./cluster.ts";

interface PublishedImage {
  readonly repository: string;
  /** Hash of everything that the image is made of: another content is another tag, and the same one is never pushed twice. */
  readonly tag: string;
}

export interface PublishedImages {
  readonly operator: PublishedImage;
  readonly server: PublishedImage;
}

/** Builds the images whose inputs changed and pushes them to the registry. */
export async function publishImages(report: Report, registry: ImageRegistry): Promise<PublishedImages> {
  const base = await baseImage(report);
  return {
    server: await publish("server", stageServer, { base, registry, report }),
    operator: await publish("operator", stageOperator, { base, registry, report }),
  };
}

type Stage = (repository: string, context: string) => Promise<unknown>;

async function publish(
  half: "server" | "operator",
  stage: Stage,
  { base, registry, report }: { readonly base: string; readonly registry: ImageRegistry; readonly report: Report },
): Promise<PublishedImage> {
  const context = join(repositoryDirectory, "build", half);
  const dockerfile = join(repositoryDirectory, "images", `${half}.Dockerfile`);
  await stage(repositoryDirectory, context);
  const image = `slipway/${half}`;
  const published = { repository: `${registry.address}/${image}`, tag: await inputsHash(base, dockerfile, context) };
  if (await isInRegistry(published, registry)) {
    report(`image ${published.repository}:${published.tag} is unchanged`);
    return published;
  }
  const tag = `${image}:${published.tag}`;
  await buildImage({ dockerfile, context, tag, buildArgs: { BASE: base }, report });
  await pushImage(tag, report, registry.address, { plainHttp: registry.plainHttp });
  return published;
}

/** Short enough to read, long enough that two builds never share it. */
const hashCharacters = 16;

async function inputsHash(base: string, dockerfile: string, context: string): Promise<string> {
  const hash = createHash("sha256")
    .update(base)
    .update(await readFile(dockerfile));
  const files: string[] = [];
  for await (const entry of glob("**", { cwd: context, withFileTypes: true })) {
    if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
  }
  for (const file of files.toSorted()) {
    const { mode } = await stat(file);
    hash.update(`\0${file.slice(context.length)}\0${mode}\0`).update(await readFile(file));
  }
  return hash.digest("hex").slice(0, hashCharacters);
}

/** Where it cannot be asked without a login it is pushed once more, which sends only what is missing. */
async function isInRegistry({ repository, tag }: PublishedImage, { plainHttp }: ImageRegistry): Promise<boolean> {
  const [host = "", ...path] = repository.split("/");
  const url = `${plainHttp ? "http" : "https"}://${host}/v2/${path.join("/")}/manifests/${tag}`;
  const response = await fetch(url, {
    method: "HEAD",
    headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
  });
  return response.ok;
}
