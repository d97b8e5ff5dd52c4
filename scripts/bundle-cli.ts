/**
 * Bundles the commands into dist/ for `npm pack`: Node.js runs no TypeScript below node_modules, where an installed
 * package lies. Packages stay imports, as npm installs them beside it.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundle } from "../images/bundle.ts";

const repository = join(import.meta.dirname, "..");
const { dependencies } = JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as {
  readonly dependencies: Readonly<Record<string, string>>;
};
await bundle({ repository, half: "cli", output: join(repository, "dist"), external: Object.keys(dependencies) });
