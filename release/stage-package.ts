import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Metafile } from "esbuild";
import { stageCommand } from "../images/stage-command.ts";

/** What a package says of itself, out of the sources' package.json; the rest is about working on them. */
const keptFields = ["name", "version", "description", "license", "private", "type", "bin", "files", "dependencies"];

/** What cli/slipway.mjs asks for. In the sources npm may be older: it brings the Node that they need. */
const engines = { node: ">=24" };

/**
 * Fills an empty folder with the `slipway` command as `npm pack` takes it: a folder of its own, as neither package.json
 * nor README of the sources is that of the package. Gives back what the bundle is made of.
 */
export async function stagePackage(repository: string, folder: string): Promise<Metafile> {
  const sources = JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as Readonly<
    Record<string, unknown>
  > & { readonly files: readonly string[] };
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const kept = Object.fromEntries(keptFields.map((field) => [field, sources[field]]));
  await writeFile(join(folder, "package.json"), `${JSON.stringify({ ...kept, engines }, null, 2)}\n`);
  await cp(join(repository, "cli", "README.md"), join(folder, "README.md"));
  for (const file of sources.files.filter((path) => !path.startsWith("dist/"))) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(repository, file), join(folder, file));
  }
  return stageCommand(repository, join(folder, "dist"));
}
