import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { arch, platform } from "node:os";
import { join } from "node:path";
import { stageOperator, stageServer } from "../images/stage.ts";
import { run } from "../test/cluster/command.ts";
import { baseImage } from "../test/cluster/image/base.ts";
import { buildah } from "../test/cluster/image/storage.ts";
import { type Report, step } from "../test/cluster/report.ts";
import { releaseChart } from "./chart.ts";
import { releaseCommand, type ReleasedPackage } from "./command-package.ts";
import { type Ground, type ImageOptions, releaseImage, type ReleasedImage } from "./image.ts";
import type { Lock } from "./npm-packages.ts";
import type { ReleaseOptions } from "./options.ts";
import type { Statement } from "./provenance.ts";
import { createSigner, type Signer } from "./signer.ts";
import { sourceOf } from "./source.ts";

export interface Released {
  readonly operator: ReleasedImage;
  readonly server: ReleasedImage;
  readonly chart: { readonly repository: string; readonly digest: string };
  readonly command: ReleasedPackage;
}

export interface Place {
  /** Root of the sources. */
  readonly repository: string;
  /** Where everything that is made is kept: build contexts, documents, archives. */
  readonly directory: string;
  readonly report: Report;
}

/** Builds everything, pushes it and, with a key, signs it and looks whether the signatures can be verified. */
export async function release(options: ReleaseOptions, place: Place): Promise<Released> {
  const { repository, report } = place;
  const directory = join(place.directory, "release");
  const ground = await groundOf(options, place, directory);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  // Before anything is pushed, so that a wrong password leaves nothing behind.
  const signer =
    options.key === undefined ? undefined : await createSigner({ ...options, key: options.key, directory, report });

  const image = (half: ImageOptions["half"], stage: ImageOptions["stage"]): Promise<ReleasedImage> =>
    step(report, half, () => releaseImage({ half, stage, context: join(place.directory, half) }, ground));
  const operator = await image("operator", stageOperator);
  const server = await image("server", stageServer);
  const chart = await step(report, "chart", () =>
    releaseChart({
      ...options,
      source: join(repository, "charts", "slipway"),
      images: { operator: pinned(operator, ground.version), server: pinned(server, ground.version) },
      directory,
    }),
  );
  const command = await step(report, "package of the slipway command", () => releaseCommand(ground));
  if (signer !== undefined)
    await step(report, "signing and verifying", () => signAll(signer, [operator, server], chart));
  return { operator, server, chart, command };
}

async function groundOf(options: ReleaseOptions, place: Place, directory: string): Promise<Ground> {
  const { repository, report } = place;
  const source = await sourceOf(repository);
  if (source.uncommitted && !options.uncommitted) {
    throw new Error(
      `what is released has to be in the commit that it names: git -C ${repository} status shows what is not. Commit it, or say --uncommitted (UNCOMMITTED=1) and the provenance says so`,
    );
  }
  const lockText = await readFile(join(repository, "package-lock.json"));
  const { version } = JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as { version: string };
  const base = await baseImage(report);
  return {
    ...options,
    repository,
    directory,
    version,
    lock: JSON.parse(lockText.toString()) as Lock,
    facts: {
      // In the words of images: amd64 is Node's x64.
      platform: `${platform()}/${arch() === "x64" ? "amd64" : arch()}`,
      source,
      lockSha256: createHash("sha256").update(lockText).digest("hex"),
      base: { name: base, digest: await localDigest(base) },
      tools: { node: process.versions.node, buildah: (await run("buildah", ["--version"])).stdout.trim() },
    },
    report,
  };
}

async function localDigest(image: string): Promise<string> {
  const { stdout } = await buildah("images", ["--json", image]);
  const [found] = JSON.parse(stdout) as readonly { readonly digest: string }[];
  if (found === undefined) throw new Error(`${image} is not in the local store any more: start again`);
  return found.digest;
}

async function signAll(signer: Signer, images: readonly ReleasedImage[], chart: Released["chart"]): Promise<void> {
  for (const { repository, digest, sbomFile, provenanceFile } of images) {
    const reference = `${repository}@${digest}`;
    await signer.sign(reference);
    await signer.attest(reference, "cyclonedx", await readFile(sbomFile, "utf8"));
    // Cosign makes the statement around it again, about the same digest.
    const { predicate } = JSON.parse(await readFile(provenanceFile, "utf8")) as Statement;
    await signer.attest(reference, "slsaprovenance1", JSON.stringify(predicate));
    await signer.verify(reference, ["cyclonedx", "slsaprovenance1"]);
  }
  const reference = `${chart.repository}@${chart.digest}`;
  await signer.sign(reference);
  await signer.verify(reference, []);
}

function pinned({ repository, digest }: ReleasedImage, version: string): string {
  return `${repository}:${version}@${digest}`;
}
