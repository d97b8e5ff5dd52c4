import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stageCommand } from "../images/stage-command.ts";
import { run } from "../test/cluster/command.ts";
import { type Ground, making } from "./image.ts";
import { bundledKeys, dependencyKeys, npmPackages, runtimeKeys } from "./npm-packages.ts";
import { sbom } from "./sbom.ts";

export interface ReleasedPackage {
  readonly archive: string;
  readonly sbomFile: string;
}

/** Packs the command as `npm pack` does, and writes down what is in it and what npm installs with it. */
export async function releaseCommand({ repository, directory, version, lock }: Ground): Promise<ReleasedPackage> {
  // A folder of its own: in the sources' an `npm pack` that runs meanwhile would bundle into the same dist.
  const folder = join(directory, "package");
  for (const file of await packedFiles(repository)) await cp(join(repository, file), join(folder, file));
  const bundle = await stageCommand(repository, join(folder, "dist"));
  // What prepack would do is done.
  const flags = ["--json", "--ignore-scripts", `--pack-destination=${directory}`];
  const { stdout } = await run("npm", ["pack", ...flags], { directory: folder });
  await rm(folder, { recursive: true });
  const [packed] = JSON.parse(stdout) as readonly { readonly filename: string; readonly integrity: string }[];
  if (packed === undefined) throw new Error(`npm pack packed nothing: ${stdout}`);
  const places = new Map([
    ...runtimeKeys(lock).map((key) => [key, "beside the package, where npm installs it"] as const),
    ...bundledKeys(bundle).map((key) => [key, "bundled into dist/*.mjs"] as const),
  ]);
  const subject = {
    kind: "package",
    name: "slipway",
    version,
    license: "Apache-2.0",
    integrity: packed.integrity,
    dependsOn: dependencyKeys("", lock),
  } as const;
  const sbomFile = join(directory, "slipway-command.cdx.json");
  await writeFile(sbomFile, sbom(subject, { npm: npmPackages(places, lock), libraries: [] }, making(new Date())));
  return { archive: join(directory, packed.filename), sbomFile };
}

/** What npm packs beside the bundle: what package.json lists, itself and the README. */
async function packedFiles(repository: string): Promise<string[]> {
  const { files } = JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as {
    readonly files: readonly string[];
  };
  return ["package.json", "README.md", ...files.filter((file) => !file.startsWith("dist/"))];
}
