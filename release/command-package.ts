import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../test/cluster/command.ts";
import { type Ground, making } from "./image.ts";
import { bundledKeys, dependencyKeys, npmPackages, runtimeKeys } from "./npm-packages.ts";
import { sbom } from "./sbom.ts";
import { stagePackage } from "./stage-package.ts";

export interface ReleasedPackage {
  readonly archive: string;
  readonly sbomFile: string;
}

/** Packs the command as `npm run build:command` does, and writes down what is in it and what npm installs with it. */
export async function releaseCommand({ repository, directory, version, lock }: Ground): Promise<ReleasedPackage> {
  const folder = join(directory, "package");
  const bundle = await stagePackage(repository, folder);
  const flags = ["--json", `--pack-destination=${directory}`];
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
