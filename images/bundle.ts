import { glob, rm } from "node:fs/promises";
import { join } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import { pageAssets } from "../server/page/assets.ts";

export interface BundleOptions {
  /** Root of the sources. */
  readonly repository: string;
  /** Folder of the half to bundle, which holds its `main.ts`. */
  readonly half: "server" | "operator" | "cli";
  /** Emptied of `.mjs` files and filled: `main.mjs`, and the parts of it that are loaded when they are needed. */
  readonly output: string;
  /** Packages that stay imports. */
  readonly external: readonly string[];
}

/**
 * Bundles one half into ES modules for the Node.js that the image carries. What the sources import() stays a file of its
 * own, so that a thread of the server, or the fetch step, reads only its own part. Gives back what each file is made of.
 */
export async function bundle({ repository, half, output, external }: BundleOptions): Promise<Metafile> {
  for await (const stale of glob("*.mjs", { cwd: output })) await rm(join(output, stale));
  const { metafile } = await build({
    absWorkingDir: repository,
    entryPoints: { main: join(repository, half, "main.ts") },
    outdir: output,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node24",
    format: "esm",
    external: [...external],
    // What is left as require() inside bundled CommonJS packages are Node's own modules.
    banner: {
      js: 'import { createRequire as bundleRequire } from "node:module"; const require = bundleRequire(import.meta.url);',
    },
    plugins: [embeddedPage],
    legalComments: "eof",
    // Without the comments, one of which is not Latin-1 and doubles what the source takes in memory for as long as it runs.
    minifyWhitespace: true,
    logLevel: "warning",
    metafile: true,
  });
  return metafile;
}

/** The server reads the files of its page from its sources; a bundle carries what it would have read. */
const embeddedPage: Plugin = {
  name: "embedded-page",
  setup(bundling) {
    bundling.onLoad({ filter: /[\\/]server[\\/]page[\\/]assets\.ts$/ }, () => ({
      contents: `export const pageAssets = () => (${JSON.stringify(pageAssets())});`,
    }));
  },
};
