import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { addModel } from "../../fixtures/models/arithmetic.ts";
import { startServer } from "../server/harness.ts";
import { startBrowser } from "./browser.ts";

test("a browser lets pages of listed origins read answers and errors, and no others", async () => {
  const pages = createServer((_request, response) => response.setHeader("content-type", "text/html").end("a page"));
  pages.listen(0, "127.0.0.1").unref();
  await once(pages, "listening");
  const { port } = pages.address() as AddressInfo;
  const server = await startServer({
    files: { "model.onnx": addModel() },
    variables: { SLIPWAY_CORS_ORIGINS: `http://127.0.0.1:${port}` },
  });
  const browser = await startBrowser();

  /** Asks as a page's own script would: with headers that need a preflight. */
  const outcome = async (origin: string, path: string, body: string): Promise<unknown> => {
    const { page } = await browser.open(origin);
    return page.evaluate(`fetch(${JSON.stringify(`${server.url}${path}`)}, {
      method: "POST",
      headers: { "content-type": "application/json", traceparent: "00-${"1".repeat(32)}-${"2".repeat(16)}-01" },
      body: ${JSON.stringify(body)},
    }).then(async (response) => [response.status, await response.json(), response.headers.get("x-request-id") !== null],
      (error) => error.name)`);
  };
  const listed = `http://127.0.0.1:${port}`;
  const body = JSON.stringify({ input_data: { a: [[1, 2]], b: [[1, 1]] } });
  const [status, json, hasId] = (await outcome(listed, "/predict", body)) as [number, object, boolean];
  assert.equal(status, 200, JSON.stringify(json));
  assert.equal(hasId, true);
  const refused = (await outcome(listed, "/predict", "{")) as [number, { code: string }];
  assert.deepEqual([refused[0], refused[1].code], [400, "NotJson"]);
  assert.equal(((await outcome(listed, "/nowhere", "{}")) as [number])[0], 404);
  // The same page under another origin.
  assert.equal(await outcome(`http://localhost:${port}`, "/predict", body), "TypeError");
  pages.close();
  pages.closeAllConnections();
  await server.stop();
});
