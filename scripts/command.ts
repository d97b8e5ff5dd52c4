/** `npm run build:command [-- FOLDER]`: packs the `slipway` command for `npm install`, and prints the file's path. */
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { stagePackage } from "../release/stage-package.ts";
import { run } from "../test/cluster/command.ts";

const repository = join(import.meta.dirname, "..");
const [destination = join(repository, "build")] = process.argv.slice(2);
const folder = join(repository, "build", "package");
await stagePackage(repository, folder);
await mkdir(destination, { recursive: true });
const flags = ["--json", `--pack-destination=${resolve(destination)}`];
const { stdout } = await run("npm", ["pack", ...flags], { directory: folder });
const [packed] = JSON.parse(stdout) as readonly { readonly filename: string }[];
if (packed === undefined) throw new Error(`npm pack packed nothing: ${stdout}`);
process.stdout.write(`${join(resolve(destination), packed.filename)}\n`);
