import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { bundle } from "./bundle.ts";

/** A half whose main module starts a thread by address, from a folder below, that uses require() as bundled packages do. */
const sources = {
  "server/main.ts": `
    import { start } from "./pool/pool.ts";
    start((answer) => console.log(answer));`,
  "server/pool/pool.ts": `
    import { Worker } from "node:worker_threads";
    export function start(onAnswer: (answer: string) => void): void {
      new Worker(new URL("./thread.ts", import.meta.url)).once("message", onAnswer);
    }`,
  "server/pool/thread.ts": `
    import { parentPort } from "node:worker_threads";
    const { sep } = require("node:path");
    parentPort?.postMessage("the thread runs" + sep);`,
};

test("a bundle starts its threads without the sources", async (context) => {
  const repository = await mkdtemp(join(tmpdir(), "slipway-bundle-"));
  context.after(() => rm(repository, { recursive: true }));
  for (const [path, source] of Object.entries(sources)) {
    await mkdir(dirname(join(repository, path)), { recursive: true });
    await writeFile(join(repository, path), source);
  }
  const output = join(repository, "build");
  await mkdir(output);
  await writeFile(join(output, "stale.mjs"), "");

  const entries = await bundle({ repository, half: "server", output, external: [] });
  assert.deepEqual(entries, [join(output, "main.mjs"), join(output, "thread.mjs")]);
  assert.deepEqual((await readdir(output)).toSorted(), ["main.mjs", "thread.mjs"]);

  await rm(join(repository, "server"), { recursive: true });
  const { stdout } = await promisify(execFile)(process.execPath, [join(output, "main.mjs")]);
  assert.equal(stdout, "the thread runs/\n");
});

test("two threads of one name are refused", async (context) => {
  const repository = await mkdtemp(join(tmpdir(), "slipway-bundle-"));
  context.after(() => rm(repository, { recursive: true }));
  for (const folder of ["a", "b"]) {
    await mkdir(join(repository, "server", folder), { recursive: true });
    await writeFile(join(repository, "server", folder, "thread.ts"), "");
  }
  await writeFile(
    join(repository, "server/main.ts"),
    'console.log(new URL("./a/thread.ts", import.meta.url), new URL("./b/thread.ts", import.meta.url));',
  );
  await assert.rejects(
    bundle({ repository, half: "server", output: join(repository, "build"), external: [] }),
    /need different names/,
  );
});
