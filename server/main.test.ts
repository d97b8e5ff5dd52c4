import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { commands, environment } from "./contract.ts";

const directory = mkdtempSync(join(tmpdir(), "slipway-main-"));
after(() => rmSync(directory, { recursive: true }));

/** Makes the file system's answer to the first thing that the step asks of it stay out, with nothing under way. */
const silentDisk = `
  import { syncBuiltinESMExports } from "node:module";
  import promises from "node:fs/promises";
  promises.realpath = () => new Promise(() => {});
  syncBuiltinESMExports();`;

function fetchWith(preload: string): { readonly code: number | null; readonly report: unknown; readonly log: string } {
  const message = join(directory, "termination-log");
  writeFileSync(message, "");
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const preloaded = `data:text/javascript,${encodeURIComponent(preload)}`;
  const { status, stdout } = spawnSync(process.execPath, ["--import", preloaded, main, commands.fetch], {
    env: {
      ...process.env,
      SLIPWAY_MODEL_URI: "file:///nowhere/model.onnx",
      SLIPWAY_MODEL_NAME: "direction",
      SLIPWAY_MODEL_VERSION: "v1",
      SLIPWAY_MODEL_DIRECTORY: join(directory, "model"),
      SLIPWAY_CREDENTIALS_DIRECTORY: join(directory, "secret"),
      [environment.terminationMessage]: message,
    },
    encoding: "utf8",
  });
  const text = readFileSync(message, "utf8");
  return { code: status, report: text === "" ? undefined : JSON.parse(text), log: stdout };
}

test("a step that ends while it waits for what cannot come leaves a report", () => {
  const { code, report, log } = fetchWith(silentDisk);
  assert.deepEqual(report, {
    ok: false,
    stage: "Download",
    reason: "Crashed",
    message: "The container met an error that it does not know (Unsettled); its log has the details.",
  });
  assert.match(log, /waits for something that cannot come/);
  assert.ok(code !== 0, "the init container must not count as done");
});

test("a step that fails by itself leaves its own report, and no second one", () => {
  const { code, report, log } = fetchWith("");
  assert.equal((report as { readonly reason?: unknown }).reason, "NotFound", JSON.stringify(report));
  assert.doesNotMatch(log, /Crashed/);
  assert.equal(code, 1);
});
