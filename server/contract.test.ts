import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { test } from "node:test";
import { failureReasons } from "./contract.ts";

/** A reason or a stage that nothing reports is a promise to whoever reads status that nobody keeps. */
const root = new URL("../", import.meta.url);
const code = await reportingCode();

test("every reason of the contract is reported by something", () => {
  const silent = Object.keys(failureReasons).filter((reason) => !code.includes(`"${reason}"`));
  assert.deepEqual(silent, []);
});

test("every stage that status may hold is reported by something", async () => {
  const definition = await readFile(new URL("crds/modeldeployment.yaml", root), "utf8");
  const stages = [...definition.matchAll(/^ +stage:\n(?: +(?!enum).*\n)*? +enum: \[(.+)\]$/gm)].map(
    ([, names]) => names,
  );
  assert.equal(stages.length, 2, "status.rejected and status.lastFailure");
  for (const names of stages) {
    const silent = names?.split(", ").filter((stage) => !code.includes(`"${stage}"`));
    assert.deepEqual(silent, []);
  }
});

async function reportingCode(): Promise<string> {
  const files = await Array.fromAsync(glob("{server,operator/plan}/**/*.ts", { cwd: root.pathname }));
  const reporting = files.filter((file) => !file.endsWith(".test.ts") && file !== "server/contract.ts");
  assert.ok(reporting.length > 50, "the code was not found");
  return (await Promise.all(reporting.map((file) => readFile(new URL(file, root), "utf8")))).join("\n");
}
