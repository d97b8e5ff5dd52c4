/** The commands reach what only a proxy reaches: nobody else knows the names of the hosts. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { directionModels } from "../../../demo/models.ts";
import { serve } from "../fetch/servers/file-server.ts";
import { type ForwardProxy, startForwardProxy } from "../fetch/servers/forward-proxy.ts";
import { startRegistry } from "../fetch/servers/registry.ts";
import { slipway, withFolder } from "./slipway.ts";

let proxy: ForwardProxy;
before(async () => {
  proxy = await startForwardProxy();
});
after(() => proxy.close());

test("push and inspect", async () => {
  const registry = await startRegistry();
  try {
    await withFolder(async (directory) => {
      const file = join(directory, "model.onnx");
      await writeFile(file, directionModels().v1);
      const uri = `oci://registry.example.test:${registry.host.split(":")[1]}/m:1`;
      const variables = { HTTPS_PROXY: `http://${proxy.host}` };
      const alone = await slipway(["push", file, uri, "--plain-http"], { variables });
      assert.equal(alone.code, 1);
      assert.match(alone.stderr, /there is no host registry\.example\.test/);
      assert.deepEqual(proxy.seen, []);
      for (const words of [
        ["push", file, uri],
        ["inspect", uri],
      ]) {
        const seen = proxy.seen.length;
        const { code, stderr } = await slipway([...words, "--plain-http"], {
          variables: { http_proxy: `http://${proxy.host}` },
        });
        assert.equal(code, 0, stderr);
        assert.ok(proxy.seen.length > seen);
      }
    });
  } finally {
    await registry.close();
  }
});

test("predict", async () => {
  const server = await serve((_request, response) => void response.end('{"predictions":[1]}'));
  try {
    const url = `http://model.example.test:${server.host.split(":")[1]}`;
    const ask = (variables: Record<string, string>): ReturnType<typeof slipway> =>
      slipway(["predict", "m", "--url", url, "--json", "-"], { input: '{"input_data":[1]}', variables });
    const { code, stdout } = await ask({ HTTP_PROXY: `http://${proxy.host}` });
    assert.equal(code, 0);
    assert.match(stdout, /"predictions":\[1\]/);
    assert.ok(proxy.seen.includes(`POST ${url}/predict`), proxy.seen.join("\n"));
    const past = await ask({ HTTP_PROXY: `http://${proxy.host}`, NO_PROXY: "model.example.test" });
    assert.match(past.stderr, /model\.example\.test:\d+ cannot be reached \((ENOTFOUND|EAI_AGAIN)\)/);
    const nowhere = await ask({ HTTP_PROXY: "http://ada:s3cret@127.0.0.1:1" });
    assert.match(
      nowhere.stderr,
      /model\.example\.test:\d+ \(through the proxy 127\.0\.0\.1:1 of HTTP_PROXY; NO_PROXY takes a host out\) cannot be reached: no connection to the proxy \(ECONNREFUSED\)/,
    );
    assert.doesNotMatch(nowhere.stderr, /s3cret/);
    assert.match((await ask({ HTTP_PROXY: "socks5://p:1" })).stderr, /HTTP_PROXY names no HTTP proxy/);
  } finally {
    await server.close();
  }
});
