import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { bundle } from "./bundle.ts";

/**
 * Bundles the commands for their npm package: Node.js runs no TypeScript below node_modules, where an installed package lies.
 * Packages stay imports, as npm installs them beside it. Gives back what the bundle is made of.
 */
export async function stageCommand(repository: string, output: string): Promise<Metafile> {
  const { dependencies } = JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return bundle({ repository, half: "cli", output, external: Object.keys(dependencies) });
}
