import assert from "node:assert/strict";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { stringNormalizerModel } from "../../fixtures/models/words.ts";
import { post, startServer } from "./harness.ts";

/** What no system has, so that a test alone decides whether it is there. */
const own = { name: "xx_XX.UTF-8", folder: "xx_XX.utf8" };

/** A folder for LOCPATH with one locale. */
let locales: string;
before(async () => {
  locales = await mkdtemp(join(tmpdir(), "slipway-locales-"));
  await symlink("/usr/lib/locale/C.utf8", join(locales, own.folder));
});
after(() => rm(locales, { recursive: true }));

describe("a model that changes the case of strings", () => {
  const files = { "model.onnx": stringNormalizerModel({ case_change_action: "LOWER", locale: own.name }) };

  test("is served where its locale is", async () => {
    const server = await startServer({ files, variables: { LOCPATH: locales } });
    const { json } = await post(`${server.url}/v1/models/m:predict`, { instances: ["Äb", "ΣÉ Жя"] });
    await server.stop();
    assert.deepEqual(json, { predictions: ["äb", "σé жя"] });
  });

  test("fails to load where it is not, and says what the image has and how one is installed", async () => {
    const server = await startServer({ files, untilReady: false });
    await server.exited;
    const report = await server.report();
    await server.stop();
    assert.ok(report !== undefined && !report.ok);
    assert.deepEqual([report.stage, report.reason], ["Load", "LoadFailed"]);
    assert.match(report.message, /locale "xx_XX\.UTF-8" \(operator StringNormalizer\), which is not installed/);
    assert.match(report.message, /has en_US\.UTF-8 and C\.UTF-8: export the model with one of these/);
    assert.match(report.message, /localedef -i xx_XX -f UTF-8 xx_XX\.UTF-8/);
    assert.doesNotMatch(report.message, /language-pack|onnxruntime|::/);
  });
});
