import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { addModel } from "../../fixtures/models/arithmetic.ts";
import { call, post, raw, type RunningServer, startServer } from "./harness.ts";

const body = { input_data: { a: [[1, 2]], b: [[10, 20]] } };
const html = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

describe("the small things of HTTP", () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ files: { "model.onnx": addModel() } });
  });
  after(() => server.stop());

  test("/ is a page for browsers and JSON for programs, and says that it depends on who asks", async () => {
    const page = await call(`${server.url}/`, { headers: html });
    assert.match(String(page.headers["content-type"]), /^text\/html/);
    assert.match(String(page.headers["vary"]), /accept/i);
    for (const headers of [{}, { accept: "*/*" }, { accept: "application/json" }]) {
      const { status, json, headers: answered } = await call(`${server.url}/`, { headers });
      assert.equal(status, 200);
      assert.equal(answered["vary"], "accept");
      const home = json as {
        model: string;
        version: string;
        ready: boolean;
        paths: { method: string; path: string }[];
      };
      assert.deepEqual([home.model, home.version, home.ready], ["m", "v1", true]);
      assert.ok(home.paths.some(({ method, path }) => method === "POST" && path === "/v2/models/m/infer"));
      for (const { method, path } of home.paths) {
        const reply = await call(`${server.url}${path}`, { method: method === "GET" ? "HEAD" : "OPTIONS" });
        const isThere = method === "GET" ? [200, 404].includes(reply.status) : reply.headers["allow"] === "POST";
        assert.ok(isThere && (reply.status !== 404 || path.includes("{file}")), `${method} ${path}: ${reply.status}`);
      }
    }
  });

  test("the OpenAPI document is that of this model, and its operations answer", async () => {
    const { status, json } = await call(`${server.url}/openapi.json`);
    assert.equal(status, 200);
    const { openapi, info, paths, components } = json as {
      openapi: string;
      info: { title: string; version: string };
      paths: Record<string, object>;
      components: { schemas: Record<string, { examples?: unknown[] }> };
    };
    assert.match(openapi, /^3\.1/);
    assert.deepEqual([info.title, info.version], ["m", "v1"]);
    for (const [path, component] of [
      ["/v2/models/m/infer", "InferRequest"],
      ["/v1/models/m:predict", "V1Request"],
      ["/predict", "PredictRequest"],
    ] as const) {
      assert.ok(path in paths);
      const reply = await post(`${server.url}${path}`, components.schemas[component]?.examples?.[0]);
      assert.equal(reply.status, 200, reply.text);
    }
  });

  test("explanations are refused with what to do", async () => {
    for (const path of ["/v1/models/m:explain", "/v1/models/m/versions/1:explain"]) {
      const reply = await post(`${server.url}${path}`, { instances: [] });
      assert.equal(reply.status, 501);
      assert.equal((reply.json as { code: string }).code, "ExplainUnsupported");
      assert.match(reply.text, /:predict/);
    }
  });

  test("x-gzip, and a content-encoding that names none, are taken", async () => {
    const zipped = await call(`${server.url}/predict`, {
      body: gzipSync(JSON.stringify(body)),
      headers: { "content-encoding": "x-gzip" },
    });
    assert.equal(zipped.status, 200, zipped.text);
    const plain = await raw(
      server.port,
      `POST /predict HTTP/1.1\r\nhost: a\r\ncontent-encoding:\r\nconnection: close\r\ncontent-length: ${JSON.stringify(body).length}\r\n\r\n${JSON.stringify(body)}`,
    );
    assert.match(plain, /^HTTP\/1\.1 200 /);
  });

  test('"id": null and "outputs": null are as if they were left out', async () => {
    const inputs = ["a", "b"].map((name) => ({ name, datatype: "FP32", shape: [1, 2], data: [1, 2] }));
    const reply = await post(`${server.url}/v2/models/m/infer`, { id: null, outputs: null, inputs });
    assert.equal(reply.status, 200, reply.text);
    assert.equal("id" in (reply.json as object), false);
  });

  describe("every answer has a request id, and a refusal is JSON", () => {
    const table: readonly (readonly [string, string, number, string | undefined])[] = [
      ["no HTTP at all", "nonsense\r\n\r\n", 400, undefined],
      ["headers that are too large", `GET / HTTP/1.1\r\na: ${"a".repeat(20_000)}\r\n\r\n`, 431, undefined],
      ["an expectation", "GET /v2 HTTP/1.1\r\nhost: a\r\nx-request-id: r1\r\nexpect: else\r\n\r\n", 417, "r1"],
      [
        "a transfer coding",
        "POST /predict HTTP/1.1\r\nhost: a\r\nx-request-id: r1\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        501,
        "r1",
      ],
      ["a version", "GET /v2 HTTP/2.0\r\nhost: a\r\n\r\n", 505, undefined],
      ["a tunnel", "CONNECT a:1 HTTP/1.1\r\nhost: a\r\nx-request-id: r1\r\n\r\n", 501, "r1"],
      ["an unknown path", "GET /x HTTP/1.1\r\nhost: a\r\nx-request-id: r1\r\nconnection: close\r\n\r\n", 404, "r1"],
      [
        "a body that is too large",
        "POST /predict HTTP/1.1\r\nhost: a\r\nx-request-id: r1\r\ncontent-length: 99999999\r\n\r\n",
        413,
        "r1",
      ],
      ["a page", "GET /docs HTTP/1.1\r\nhost: a\r\nx-request-id: r1\r\n\r\n", 200, "r1"],
      ["a probe", "GET /v2/health/ready HTTP/1.1\r\nhost: a\r\n\r\n", 200, undefined],
    ];
    for (const [name, request, status, id] of table) {
      test(name, async () => {
        const reply = await raw(server.port, request);
        assert.match(reply, new RegExp(`^HTTP/1\\.1 ${status} `));
        assert.match(
          reply,
          id === undefined ? /\r\nx-request-id: [0-9a-f-]{36}\r\n/i : new RegExp(`\r\nx-request-id: ${id}\r\n`, "i"),
        );
        if (status >= 400)
          assert.match(reply, /\r\ncontent-type: application\/json\r\n[^]*\r\n\r\n\{"error":.*"code":"\w+"\}$/);
      });
    }
  });
});
