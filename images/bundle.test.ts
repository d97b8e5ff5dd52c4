import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { bundle } from "./bundle.ts";

/** A half that starts itself as a thread, as the server does, and uses require() as bundled packages do. */
const sources = {
  "main.ts": `
    import { isMainThread, Worker } from "node:worker_threads";
    if (isMainThread) new Worker(new URL(import.meta.url)).once("message", (answer) => console.log(answer));
    else await import("./thread.ts");`,
  "thread.ts": `
    import { parentPort } from "node:worker_threads";
    const { sep } = require("node:path");
    parentPort?.postMessage("the thread runs" + sep);`,
};

test("a bundle starts its threads without the sources", async (context) => {
  const repository = await mkdtemp(join(tmpdir(), "slipway-bundle-"));
  context.after(() => rm(repository, { recursive: true }));
  await mkdir(join(repository, "server"));
  for (const [name, source] of Object.entries(sources)) await writeFile(join(repository, "server", name), source);
  const output = join(repository, "build");
  await mkdir(output);
  await writeFile(join(output, "stale.mjs"), "");

  await bundle({ repository, half: "server", output, external: [] });
  const files = await readdir(output);
  assert.ok(files.includes("main.mjs") && !files.includes("stale.mjs"), files.join(", "));
  assert.ok(
    files.every((name) => name.endsWith(".mjs")),
    files.join(", "),
  );

  await rm(join(repository, "server"), { recursive: true });
  const { stdout } = await promisify(execFile)(process.execPath, [join(output, "main.mjs")]);
  assert.equal(stdout, "the thread runs/\n");
});

test("a bundle carries the files of the server's page, which it cannot read from the sources", async (context) => {
  const repository = await mkdtemp(join(tmpdir(), "slipway-bundle-"));
  context.after(() => rm(repository, { recursive: true }));
  const output = join(repository, "build");
  await mkdir(output);
  await mkdir(join(repository, "server", "page"), { recursive: true });
  await writeFile(
    join(repository, "server", "main.ts"),
    'import { pageAssets } from "./page/assets.ts"; console.log(Object.keys(pageAssets()).join("\\n"));',
  );
  await writeFile(
    join(repository, "server", "page", "assets.ts"),
    'export function pageAssets(): object { throw new Error("read from the sources"); }',
  );

  await bundle({ repository, half: "server", output, external: [] });
  const { stdout } = await promisify(execFile)(process.execPath, [join(output, "main.mjs")]);
  const names = stdout.trim().split("\n");
  assert.ok(names.includes("dom/main.js") && names.includes("style.css"), stdout);
  assert.ok(!names.some((name) => /test|\.ts$/.test(name)), stdout);
});
