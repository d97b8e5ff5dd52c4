import { chmod, copyFile, cp, mkdir, rename, rm, stat, symlink, utimes } from "node:fs/promises";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import type { Metafile } from "esbuild";
import { bundle } from "./bundle.ts";
import { stageGpuLibraries } from "./gpu-libraries.ts";
import { letEverybodyRead } from "./let-everybody-read.ts";
import { run } from "./run.ts";

/**
 * Fills a folder with all that an image needs, for `docker build` or `buildah bud` to copy: the bundle, the `node`
 * binary that the lock file pins, and for the server ONNX Runtime with the libraries of this platform only, and the
 * locale that it asks for. Gives back what the bundle is made of.
 */
export async function stageServer(repository: string, context: string): Promise<Metafile> {
  await stageNode(repository, context);
  await stageLocale(join(context, "locale"));
  await stageOnnxRuntime(join(repository, "node_modules"), join(context, "node_modules"));
  const metafile = await bundle({ repository, half: "server", output: context, external: ["onnxruntime-node"] });
  await letEverybodyRead(context);
  return metafile;
}

/** The same for models on a GPU, with the libraries that {@link stageGpuLibraries} downloads. */
export async function stageGpuServer(repository: string, context: string): Promise<Metafile> {
  if (platform() !== "linux" || arch() !== "x64") {
    throw new Error(`the libraries for GPUs are there for Linux on x64 alone, and this is ${platform()} on ${arch()}`);
  }
  await stageGpuLibraries(context);
  return stageServer(repository, context);
}

export async function stageOperator(repository: string, context: string): Promise<Metafile> {
  await stageNode(repository, context);
  // Loaded outside a cluster only, where the sources run.
  const external = ["@kubernetes/client-node"];
  const metafile = await bundle({ repository, half: "operator", output: context, external });
  await letEverybodyRead(context);
  return metafile;
}

/**
 * The binary of npm `node-linux-*`, without the symbols that only a debugger reads. It keeps its source's time: that is
 * how an unchanged one is known, and how both images come to share its layer.
 */
async function stageNode(repository: string, context: string): Promise<void> {
  const source = join(repository, "node_modules", ".bin", "node");
  const target = join(context, "node");
  const time = Math.floor((await stat(source)).mtimeMs / 1000);
  const staged = await stat(target).catch(() => undefined);
  if (staged !== undefined && staged.mtimeMs === time * 1000) return;
  await mkdir(context, { recursive: true });
  const partial = `${target}.partial`;
  await copyFile(source, partial);
  await run("strip", [partial]).catch((error: unknown) => {
    throw new Error("strip is missing. Install it: apt-get install binutils", { cause: error });
  });
  await chmod(partial, 0o755);
  await utimes(partial, time, time);
  await rename(partial, target);
}

/**
 * What goes to /usr/lib/locale. ONNX Runtime changes the case of strings by the locale en_US.UTF-8 and loads no model
 * that does so where there is none. Debian's own packages bring C.utf8 alone. Its table of characters is byte for byte
 * that of en_US.UTF-8 (`localedef -i en_US -f UTF-8` makes the other), nothing else of a locale is read, and one is found
 * by the name of its folder: so a second name is all it takes. It costs no bytes and always goes with the image's glibc.
 */
async function stageLocale(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await symlink("C.utf8", join(folder, "en_US.utf8"));
}

/** What `require("onnxruntime-node")` reads: 45 of the 290 MB of the packages. */
async function stageOnnxRuntime(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  const libraries = `bin/napi-v6/${platform()}/${arch()}`;
  await copyParts(from, to, "onnxruntime-node", ["package.json", "dist", libraries]);
  await copyParts(from, to, "onnxruntime-common", ["package.json", "dist/cjs"]);
}

async function copyParts(from: string, to: string, name: string, parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    const target = join(to, name, part);
    await mkdir(dirname(target), { recursive: true });
    await cp(join(from, name, part), target, {
      recursive: true,
      filter: (path) => !/\.(?:d\.ts|map)$/.test(path),
    });
  }
}
