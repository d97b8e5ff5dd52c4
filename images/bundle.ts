import { glob, readFile, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { build as compile, type Plugin } from "esbuild";

export interface BundleOptions {
  /** Root of the sources. */
  readonly repository: string;
  /** Folder of the half to bundle, which holds its `main.ts`. */
  readonly half: "server" | "operator";
  /** Emptied of `.mjs` files and filled: `main.mjs`, and one file for each module that starts as a thread. */
  readonly output: string;
  /** Packages that stay imports. */
  readonly external: readonly string[];
}

/** A module that is started by its address instead of being imported: `new URL("./worker.ts", import.meta.url)`. */
const addressPattern = /new URL\("(\.{1,2}\/[^"]+)\.ts", import\.meta\.url\)/g;

/**
 * Bundles one half into ES modules for the Node.js that the image carries. Every address of a module in the sources
 * becomes an entry of its own and is rewritten to where that entry lies in the bundle, so that threads start in the
 * image as they do in the work tree. Returns the paths of the entries, sorted.
 */
export async function bundle({ repository, half, output, external }: BundleOptions): Promise<readonly string[]> {
  const folder = join(repository, half);
  const entries = new Map([["main", join(folder, "main.ts")]]);
  for (const address of await addressedModules(folder)) {
    const name = basename(address, ".ts");
    const other = entries.get(name);
    if (other !== undefined && other !== address) throw new Error(`${other} and ${address} need different names`);
    entries.set(name, address);
  }
  for await (const stale of glob("*.mjs", { cwd: output })) await rm(join(output, stale));
  await compile({
    absWorkingDir: repository,
    entryPoints: Object.fromEntries(entries),
    outdir: output,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    external: [...external],
    plugins: [rewriteAddresses(folder)],
    // What is left as require() inside bundled CommonJS packages are Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    legalComments: "eof",
    logLevel: "warning",
  });
  return [...entries.keys()].map((name) => join(output, `${name}.mjs`)).toSorted();
}

async function addressedModules(folder: string): Promise<ReadonlySet<string>> {
  const modules = new Set<string>();
  for await (const path of glob("**/*.ts", { cwd: folder })) {
    if (path.endsWith(".test.ts")) continue;
    const source = await readFile(join(folder, path), "utf8");
    for (const [, address] of source.matchAll(addressPattern))
      modules.add(resolve(folder, path, "..", `${address}.ts`));
  }
  return modules;
}

function rewriteAddresses(folder: string): Plugin {
  return {
    name: "rewrite-addresses",
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!path.startsWith(folder)) return undefined;
        const source = await readFile(path, "utf8");
        const contents = source.replace(
          addressPattern,
          (_whole, address: string) => `new URL("./${basename(address)}.mjs", import.meta.url)`,
        );
        return { contents, loader: "ts" };
      });
    },
  };
}
