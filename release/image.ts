import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { PackageURL } from "packageurl-js";
import { buildImage, pushImage } from "../test/cluster/image/build.ts";
import type { Report } from "../test/cluster/report.ts";
import { imageContents } from "./image-contents.ts";
import { bundledKeys, dependencyKeys, type Lock, npmPackages } from "./npm-packages.ts";
import { type Build, provenance } from "./provenance.ts";
import { type Contents, type Making, sbom, type Subject } from "./sbom.ts";

/** What all parts of a release have in common. */
export interface Ground {
  /** Root of the sources. */
  readonly repository: string;
  /** Where the documents are written to. */
  readonly directory: string;
  readonly registry: string;
  readonly plainHttp: boolean;
  readonly version: string;
  readonly lock: Lock;
  /** Of every image's provenance. */
  readonly facts: Pick<Build, "platform" | "source" | "lockSha256" | "base" | "tools">;
  readonly report: Report;
}

export interface ReleasedImage {
  readonly repository: string;
  /** sha256:HEX */
  readonly digest: string;
  readonly sbomFile: string;
  readonly provenanceFile: string;
}

export interface ImageOptions {
  readonly half: "operator" | "server";
  /** Fills the build context. */
  readonly stage: (repository: string, context: string) => Promise<Metafile>;
  readonly context: string;
}

/** Builds an image, pushes it, and writes down what is in it and how it was made. */
export async function releaseImage({ half, stage, context }: ImageOptions, ground: Ground): Promise<ReleasedImage> {
  const { registry, plainHttp, version, lock, facts, report } = ground;
  const started = new Date();
  const bundle = await stage(ground.repository, context);
  const tag = `slipway/${half}:${version}`;
  const dockerfile = join(ground.repository, "images", `${half}.Dockerfile`);
  await buildImage({ dockerfile, context, tag, buildArgs: { BASE: facts.base.name, VERSION: version }, report });
  const { digest } = await pushImage(tag, report, registry, { plainHttp });
  const finished = new Date();

  const repository = `${registry}/slipway/${half}`;
  const subject: Subject = {
    kind: "image",
    name: `slipway-${half}`,
    version,
    license: "Apache-2.0",
    purl: new PackageURL("oci", undefined, half, digest, { repository_url: repository, tag: version }, undefined),
    dependsOn: dependencyKeys("", lock),
  };
  const documents = {
    sbomFile: join(ground.directory, `${half}.cdx.json`),
    provenanceFile: join(ground.directory, `${half}.provenance.json`),
  };
  await writeFile(documents.sbomFile, sbom(subject, await contentsOf(tag, bundle, lock), making(finished)));
  const statement = provenance({
    ...facts,
    half,
    repository,
    digest,
    version,
    invocation: randomUUID(),
    started,
    finished,
  });
  await writeFile(documents.provenanceFile, `${JSON.stringify(statement, null, 2)}\n`);
  return { repository, digest, ...documents };
}

export function making(time: Date): Making {
  return { serialNumber: `urn:uuid:${randomUUID()}`, time };
}

async function contentsOf(tag: string, bundle: Metafile, lock: Lock): Promise<Contents> {
  const { node, copied, libraries, debian } = await imageContents(tag);
  const places = new Map([
    ...bundledKeys(bundle).map((key) => [key, "bundled into /app/*.mjs"] as const),
    ...copied.map((name) => [`node_modules/${name}`, `/app/node_modules/${name}`] as const),
  ]);
  return { npm: npmPackages(places, lock), node, libraries, ...(debian === undefined ? {} : { debian }) };
}
