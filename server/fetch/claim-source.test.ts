import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { tarOf } from "../../test/fixtures/oci.ts";
import { identityModel } from "../../test/fixtures/onnx.ts";
import type { PodReport } from "../contract.ts";
import { assertFails, fetchInto } from "./test-fetch.ts";

const model = identityModel();
const directory = await mkdtemp(join(tmpdir(), "slipway-claim-"));
const claim = join(directory, "claim");
after(() => rm(directory, { recursive: true }));
beforeEach(async () => {
  await rm(claim, { recursive: true, force: true });
  await mkdir(join(claim, "nets/direction v1"), { recursive: true });
  await writeFile(join(claim, "nets/direction v1/model.onnx"), model);
});

test("a file, a folder and the whole claim", async () => {
  for (const uri of [
    "pvc://models/nets/direction%20v1/model.onnx",
    "pvc://models/nets/direction v1",
    "pvc://models/nets/direction%20v1/",
  ]) {
    const report = await fetched(uri);
    assert.ok(report.ok, `${uri}: ${JSON.stringify(report)}`);
    assert.deepEqual(await readdir(join(directory, "model")), ["model.onnx"]);
  }
  for (const uri of ["pvc://models", "pvc://models/"]) {
    const report = await fetched(uri);
    assert.ok(report.ok, JSON.stringify(report));
    assert.deepEqual(await readdir(join(directory, "model")), ["nets"]);
  }
});

test("a folder and a tar of it have one digest", async () => {
  await writeFile(join(claim, "packed"), await tarOf([{ header: { name: "model.onnx" }, content: model }]));
  const reports = [await fetched("pvc://models/nets/direction%20v1"), await fetched("pvc://models/packed")];
  const digests = reports.map((report) => (report.ok ? report.digest : report.message));
  assert.equal(digests[0], digests[1]);
});

test("lost+found, which only root can read, is left alone", async () => {
  await mkdir(join(claim, "lost+found"));
  await writeFile(join(claim, "lost+found/other.onnx"), "x");
  assert.ok((await fetched("pvc://models/")).ok);
});

test("what lies outside the claim is not read, whatever leads there", async () => {
  await writeFile(join(directory, "secret.onnx"), model);
  await mkdir(join(directory, "claim-beside"), { recursive: true });
  await writeFile(join(directory, "claim-beside/model.onnx"), model);
  await symlink("../secret.onnx", join(claim, "up.onnx"));
  await symlink("../claim-beside", join(claim, "beside"));
  await symlink("/etc", join(claim, "etc"));
  for (const path of [
    "up.onnx",
    "beside",
    "beside/model.onnx",
    "etc/hostname",
    "../secret.onnx",
    "%2e%2e/secret.onnx",
    "nets/../../secret.onnx",
  ]) {
    assertFails(await fetched(`pvc://models/${path}`), "UnsafeArchive", /leads out of the claim/);
  }
  assertFails(await fetched("pvc://models/"), "UnsafeArchive", /a link that leads out of it or nowhere/);
});

test("nothing there, no claim in the uri, and none mounted", async () => {
  assertFails(
    await fetched("pvc://models/nothing"),
    "NotFound",
    /The claim holds nothing at "pvc:\/\/models\/nothing"/,
  );
  assertFails(await fetched("pvc://models/nets/direction%20v1/model.onnx/"), "NotFound", /holds nothing/);
  for (const uri of ["pvc://", "pvc:///path", "pvc://Models/x", "pvc://a_b/x", "pvc://-a/x"]) {
    assertFails(await fetched(uri), "UnsupportedSource", /names no claim\. Write pvc:\/\/claim\/path/);
  }
  for (const uri of ["pvc://models/%zz", "pvc://models/%00"]) {
    assertFails(await fetched(uri), "UnsupportedSource", /an escape \(%\)/);
  }
  await rm(claim, { recursive: true });
  assertFails(await fetched("pvc://models/x"), "InvalidConfiguration", /is not mounted into the step/);
});

test("what is no model, and a model above the bound", async () => {
  await writeFile(join(claim, "page.onnx"), "<!DOCTYPE html>");
  assertFails(await fetched("pvc://models/page.onnx"), "NotAModel", /web page/);
  const bound = { SLIPWAY_FETCH_SIZE_LIMIT_BYTES: "50" };
  assertFails(await fetched("pvc://models/nets", bound), "TooLarge", /larger than the 50 bytes/);
});

async function fetched(uri: string, environment: Readonly<Record<string, string>> = {}): Promise<PodReport> {
  const report = await fetchInto(directory, {
    SLIPWAY_MODEL_URI: uri,
    SLIPWAY_CLAIM_DIRECTORY: claim,
    ...environment,
  });
  assert.ok(!JSON.stringify(report).includes(directory), "the report tells a path of the pod");
  return report;
}
