import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { letEverybodyRead } from "./let-everybody-read.ts";

test("the modes of an image's files do not depend on the umask of its builder", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "slipway-modes-"));
  context.after(() => rm(folder, { recursive: true }));
  const inner = join(folder, "inner");
  await mkdir(inner);
  const files = { text: join(folder, "main.mjs"), program: join(folder, "node"), library: join(inner, "lib.so") };
  for (const file of Object.values(files)) await writeFile(file, "");
  const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
  for (const umask of [0o077, 0o022, 0o002, 0o000]) {
    for (const path of [folder, inner, files.program]) await chmod(path, 0o777 & ~umask);
    for (const path of [files.text, files.library]) await chmod(path, 0o666 & ~umask);
    await letEverybodyRead(folder);
    const modes = await Promise.all([folder, inner, files.program, files.text, files.library].map(modeOf));
    assert.deepEqual(modes, ["755", "755", "755", "644", "644"], `umask ${umask.toString(8)}`);
  }
});
