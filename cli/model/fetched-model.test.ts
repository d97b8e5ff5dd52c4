import assert from "node:assert/strict";
import { access, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { noProxies } from "../../server/fetch/http/proxy.ts";
import { identityModel } from "../../test/fixtures/models/arithmetic.ts";
import { tarOf } from "../../test/fixtures/oci.ts";
import type { Access } from "../access.ts";
import { testEdge } from "../test-edge.ts";
import { fetchModel } from "./fetched-model.ts";

const directory = await mkdtemp(join(tmpdir(), "slipway-fetched-"));
after(() => rm(directory, { recursive: true }));
const anybody: Access = {
  plainHttp: false,
  proxies: noProxies,
  certificateAuthority: undefined,
  credentials: undefined,
};

test("an archive is unpacked as in a pod, and removed when it is no longer needed", async () => {
  const tar = await tarOf([{ header: { name: "model.onnx" }, content: identityModel() }]);
  await writeFile(join(directory, "model.tgz"), gzipSync(tar));
  const fetched = await fetchModel(`file://${directory}/model.tgz`, anybody, testEdge());
  assert.deepEqual(await readdir(fetched.directory), ["model.onnx"]);
  assert.match(fetched.report.digest, /^sha256:[0-9a-f]{64}$/);
  await fetched.remove();
  await assert.rejects(access(fetched.directory));
});

describe("what cannot be fetched is a complaint in the words of a pod", () => {
  test("nothing", async () => {
    const nothing = fetchModel(`file://${directory}/nothing`, anybody, testEdge());
    await assert.rejects(nothing, { exitCode: 1, message: /^Nothing lies at ".*"\. Check the path\.$/ });
  });
  test("a scheme that there is not", async () => {
    await assert.rejects(fetchModel("ftp://host/model", anybody, testEdge()), { exitCode: 1, message: /scheme "ftp"/ });
  });
  test("a claim, which only a cluster can read", async () => {
    const claim = fetchModel("pvc://models/digits", anybody, testEdge());
    await assert.rejects(claim, { exitCode: 1, message: /^pvc:\/\/ .* can only be read in its cluster/ });
  });
  test("with the option that helps", async () => {
    // A port where nobody listens, so that only what comes before a connection can answer.
    const plain = fetchModel("http://127.0.0.1:9/model.onnx", anybody, testEdge());
    await assert.rejects(plain, { exitCode: 1, message: /If plain HTTP is meant, use --plain-http\.$/ });
  });
});
