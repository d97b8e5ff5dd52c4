import { createHash } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../command.ts";
import { cacheDirectory } from "../directories.ts";
import { type Report, silent, step } from "../report.ts";
import { localName } from "./build.ts";
import { buildah } from "./storage.ts";

const release = "bookworm";

/** What Node and ONNX Runtime need, and a shell-less image cannot do without; libc-bin brings the locale C.utf8. */
const packages = ["base-files", "netbase", "tzdata", "ca-certificates", "libc6", "libc-bin", "libgcc-s1", "libstdc++6"];

/**
 * An image without dpkg keeps no list of what is in it. Each package's own description, in the folder in which scanners
 * and the SBOM of a release look for it, is that list.
 */
const keepDescriptions = `
list="$1/var/lib/dpkg/status.d"
mkdir -p "$list"
for deb in "$1"/var/cache/apt/archives/*.deb; do
  dpkg-deb --field "$deb" > "$list/$(dpkg-deb --field "$deb" Package)" || exit 1
done`;

/**
 * A Debian base image made of Debian's own packages, for where no image registry can be reached. Gives back the name
 * to use as the build argument BASE; made once, as its tag is the hash of what is in it.
 */
export async function baseImage(report: Report = silent, more: readonly string[] = []): Promise<string> {
  const included = [...packages, ...more];
  const key = createHash("sha256")
    .update([release, ...included, keepDescriptions].join(" "))
    .digest("hex")
    .slice(0, 12);
  const name = localName(`slipway-base:${release}-${key}`);
  const { stdout } = await buildah("images", ["--quiet", "--filter", `reference=${name}`]);
  if (stdout.trim() !== "") return name;

  await step(report, `making base image ${name}`, async () => {
    const context = join(cacheDirectory(), `base-${key}.${process.pid}`);
    await mkdir(context, { recursive: true });
    try {
      const archive = join(context, "base.tar");
      await run("mmdebstrap", [
        "--mode=root",
        "--variant=extract",
        `--include=${included.join(",")}`,
        `--extract-hook=${keepDescriptions}`,
        release,
        archive,
      ]);
      await writeFile(join(context, "Dockerfile"), "FROM scratch\nADD base.tar /\n");
      await buildah("bud", ["--isolation", "chroot", "--tag", name, context]);
    } finally {
      await rm(context, { recursive: true });
    }
  });
  return name;
}
