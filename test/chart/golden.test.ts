/**
 * The whole of what the chart renders, to be read in a review. After a change that is meant:
 * UPDATE_GOLDEN=1 npx node --test test/chart/golden.test.ts
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryDirectory } from "../cluster/directories.ts";
import { fullValues, leastValues, namespacedValues, renderText } from "./render.ts";

const renders = { default: leastValues, full: fullValues, namespaced: namespacedValues };

/** Copies of files that have tests of their own, and would only be long here. */
const leftOut = /templates\/(crd|grafana-dashboard)\.yaml$/m;

for (const [name, values] of Object.entries(renders)) {
  test(`the ${name} values render to test/golden/chart/${name}.yaml`, async () => {
    const file = join(repositoryDirectory, "test", "golden", "chart", `${name}.yaml`);
    const documents = (await renderText(values)).split(/^---\n/m).filter((text) => text !== "");
    const rendered = documents.filter((text) => !leftOut.test(text)).map((text) => `---\n${text}`);
    assert.equal(rendered.length < documents.length, true, "the CRD is not where it was");
    if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(file, rendered.join(""));
    assert.equal(rendered.join(""), await readFile(file, "utf8"));
  });
}
