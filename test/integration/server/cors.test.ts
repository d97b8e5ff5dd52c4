import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { addModel } from "../../fixtures/models/arithmetic.ts";
import { call, type Reply, raw, type RunningServer, startServer } from "./harness.ts";

const app = "https://app.example.com";
const preflightHeaders = {
  "access-control-request-method": "POST",
  "access-control-request-headers": "content-type,inference-header-content-length,traceparent",
};

function corsHeaders({ headers }: Reply): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith("access-control-") || name === "vary"),
  );
}

const start = (origins: string): Promise<RunningServer> =>
  startServer({ files: { "model.onnx": addModel() }, variables: { SLIPWAY_CORS_ORIGINS: origins } });

describe("pages of the origins on the list may read answers", () => {
  let server: RunningServer;
  before(async () => {
    server = await start(`${app}, null`);
  });
  after(() => server.stop());

  const infer = "/v2/models/m/infer";
  const ask = (path: string, method: string, headers: Record<string, string>): Promise<Reply> =>
    call(`${server.url}${path}`, { method, headers });

  test("a preflight is answered for every path, with methods and headers", async () => {
    for (const path of [infer, "/predict", "/nowhere"]) {
      const reply = await ask(path, "OPTIONS", { origin: app, ...preflightHeaders });
      assert.equal(reply.status, 204, reply.text);
      assert.equal(reply.text, "");
      assert.equal(reply.headers["content-length"], undefined);
      const { "access-control-allow-headers": headers, ...rest } = corsHeaders(reply);
      assert.deepEqual(rest, {
        "access-control-allow-methods": "GET, HEAD, POST",
        "access-control-max-age": "7200",
        "access-control-allow-origin": app,
        "access-control-expose-headers": "inference-header-content-length, x-request-id, retry-after, allow",
        vary: "origin",
      });
      const allowed = String(headers).split(", ");
      for (const name of preflightHeaders["access-control-request-headers"].split(",")) {
        assert.ok(allowed.includes(name), name);
      }
    }
  });

  test("answers, errors and refusals of the HTTP layer alike say who may read them", async () => {
    const table: readonly (readonly [string, string, Record<string, string>, number])[] = [
      ["GET", "/v2", {}, 200],
      ["GET", "/v2/health/live", {}, 200],
      ["GET", "/v2/health/ready", {}, 200],
      ["HEAD", "/v2/models/m", {}, 200],
      ["POST", infer, {}, 400],
      ["GET", "/nowhere", {}, 404],
      ["DELETE", infer, {}, 405],
      ["OPTIONS", infer, {}, 405],
      ["POST", infer, { expect: "else" }, 417],
      ["POST", infer, { "content-length": "99999999" }, 413],
      ["POST", infer, { "transfer-encoding": "gzip, chunked" }, 501],
    ];
    for (const [method, path, headers, status] of table) {
      for (const origin of [app, "null"]) {
        const reply = await ask(path, method, { ...headers, origin });
        assert.equal(reply.status, status, `${method} ${path}: ${reply.text}`);
        assert.equal(reply.headers["access-control-allow-origin"], origin, `${method} ${path}`);
        assert.equal(reply.headers["vary"], "origin", `${method} ${path}`);
      }
    }
  });

  test("nobody else is told more than that the answer depends on who asks", async () => {
    const others = ["https://app.example.com:8443", "http://app.example.com", `${app}.evil.example`, `${app}, ${app}`];
    for (const origin of [undefined, ...others]) {
      const reply = await ask("/v2", "GET", origin === undefined ? {} : { origin });
      assert.equal(reply.status, 200);
      assert.deepEqual(corsHeaders(reply), { vary: "origin" }, origin);
    }
    for (const origin of others) {
      const reply = await ask(infer, "OPTIONS", { origin, ...preflightHeaders });
      assert.equal(reply.status, 403);
      assert.equal((reply.json as { code: string }).code, "OriginNotAllowed");
      assert.deepEqual(corsHeaders(reply), { vary: "origin" }, origin);
    }
  });

  test("a connection goes on after a preflight", async () => {
    const two = await raw(
      server.port,
      `OPTIONS ${infer} HTTP/1.1\r\nhost: a\r\norigin: ${app}\r\naccess-control-request-method: POST\r\n\r\n` +
        `GET /v2 HTTP/1.1\r\nhost: a\r\norigin: ${app}\r\nconnection: close\r\n\r\n`,
    );
    assert.deepEqual(
      [...two.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status),
      ["204", "200"],
    );
  });
});

test("with * every page may read answers, and all get the same ones", async () => {
  const server = await start("*");
  for (const headers of [{}, { origin: "null" }, { origin: app }]) {
    const reply = await call(`${server.url}/nowhere`, { headers });
    assert.equal(reply.status, 404);
    assert.equal(reply.headers["access-control-allow-origin"], "*");
    assert.equal(reply.headers["vary"], undefined);
    assert.equal(reply.headers["access-control-allow-credentials"], undefined);
  }
  await server.stop();
});

test("without a list no answer has a header for pages of other origins, and a preflight hears why", async () => {
  const server = await start("");
  const plain = await call(`${server.url}/v2`, { headers: { origin: app } });
  assert.deepEqual(corsHeaders(plain), {});
  const preflight = await call(`${server.url}/predict`, {
    method: "OPTIONS",
    headers: { origin: app, ...preflightHeaders },
  });
  assert.equal(preflight.status, 403);
  assert.match(preflight.text, /app\.example\.com.*SLIPWAY_CORS_ORIGINS/);
  assert.deepEqual(corsHeaders(preflight), {});
  await server.stop();
});
