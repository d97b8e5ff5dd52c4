import assert from "node:assert/strict";
import { test } from "node:test";
import { startCuttingProxy } from "../servers/cutting-proxy.ts";
import { assertFails, assertFolder, assertModel, assertSentOnce, fetching } from "../fetching.ts";
import { serve } from "../servers/file-server.ts";
import { commits, fetchModel, first, folder, hub, impatient, mebibyte } from "./repositories.ts";

test("a mirror that does not tell sizes gives a folder all the same", async () => {
  const files: Readonly<Record<string, Uint8Array>> = folder;
  const mirror = await serve((request, response) => {
    const name = request.url?.split("/").at(-1) ?? "";
    if (request.url?.startsWith("/api/") !== true) response.end(files[name]);
    else {
      const siblings = Object.keys(files).map((path) => ({ rfilename: `onnx/${path}` }));
      response.end(JSON.stringify({ sha: commits.old, siblings }));
    }
  });
  try {
    assertFolder(await fetchModel("team/direction/onnx", { endpoint: mirror }), folder);
    const limits = { ...impatient, totalBytes: 1000 };
    assertFails(await fetchModel("team/direction/onnx", { endpoint: mirror, limits }), "TooLarge", /1000 bytes/);
  } finally {
    await mirror.close();
  }
});

test("a connection to the storage that is cut goes on where it broke", async () => {
  const proxy = await startCuttingProxy(hub.storage.host, { kind: "cut", afterBytes: mebibyte, times: 2 });
  const redirecting = await serve((request, response) => {
    if (request.url?.startsWith("/api/") === true) {
      response.end(
        JSON.stringify({ sha: commits.old, siblings: [{ rfilename: "model.onnx", size: first.byteLength }] }),
      );
    } else response.writeHead(302, { location: `http://${proxy.host}/model.onnx?Signature=1` }).end();
  });
  // No validator is needed: a commit names its bytes for ever.
  hub.storage.files.set("/model.onnx", { content: first, validator: "none" });
  try {
    const fetched = await fetching(
      {
        SLIPWAY_MODEL_URI: "hf://team/direction/model.onnx",
        SLIPWAY_PLAIN_HTTP_HOSTS: `${redirecting.host},${proxy.host}`,
        HF_ENDPOINT: redirecting.origin,
      },
      { limits: impatient },
    );
    assertModel(fetched, first);
    assert.equal(proxy.broken(), 2);
    assertSentOnce(proxy.passed(), first.byteLength);
  } finally {
    await redirecting.close();
    await proxy.close();
  }
});
