#!/usr/bin/env node
// The entry that npm links. It holds to what any Node.js reads, so that one that is too old gets a sentence instead of
// a syntax error.
import { existsSync } from "node:fs";

const oldest = 24;
const version = Number(process.versions.node.split(".")[0]);
if (version < oldest) {
  process.stderr.write(
    `slipway needs Node.js ${oldest} or later, and this is ${process.version}. Install a newer one, or let npm bring it for one run: npx -p node@${oldest} node ${process.argv[1]} ...\n`,
  );
  process.exit(1);
}
// A packed package carries the bundle. A checkout runs the sources, even if a bundle was left there.
const source = new URL("main.ts", import.meta.url);
await import(existsSync(source) ? source : new URL("../dist/main.mjs", import.meta.url));
