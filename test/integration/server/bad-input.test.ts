import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { onnxModel } from "../../fixtures/onnx.ts";
import { call, eventually, post, raw, type Reply, type RunningServer, startServer } from "./harness.ts";

/** `y = x + x`, `m` is passed on: a float matrix and 64-bit integers, to be wrong in either. */
const model = onnxModel({
  nodes: [
    { operator: "Add", inputs: ["x", "x"], outputs: ["y"] },
    { operator: "Identity", inputs: ["m"], outputs: ["m_out"] },
  ],
  inputs: [
    { name: "x", elementType: "float32", dims: ["batch", 2] },
    { name: "m", elementType: "int64", dims: [1] },
  ],
  outputs: [
    { name: "y", elementType: "float32", dims: ["batch", 2] },
    { name: "m_out", elementType: "int64", dims: [1] },
  ],
});

const x = { name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] };
const m = { name: "m", datatype: "INT64", shape: [1], data: [3] };
const good = { inputs: [x, m] };
const megabyte = 1024 * 1024;

describe("bad input to a running server: 4xx with a message, never a path or a stack, and the next request is served", () => {
  let server: RunningServer;
  let infer: string;
  before(async () => {
    server = await startServer({ files: { "model.onnx": model } });
    infer = `${server.url}/v2/models/m/infer`;
  });
  after(() => server.stop());

  const expectRefusal = async (reply: Reply, status: number, message: RegExp): Promise<void> => {
    assert.equal(reply.status, status, reply.text);
    const { error } = reply.json as { error: string };
    assert.match(error, message);
    assert.doesNotMatch(reply.text, /\/tmp|\/work|\/root|node_modules|\.ts:|\.cc:|\bat \S+ \(|onnxruntime/);
    const next = await post(infer, good);
    assert.equal(next.status, 200, "the next request is served");
  };

  const bodies: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ["an empty body", "", /the body is empty; send a JSON object/],
    ["truncated JSON", JSON.stringify(good).slice(0, -5), /not valid JSON/],
    ["100,000 nested brackets", "[".repeat(100_000), /nested deeper than the 64 levels/],
    [
      "100,000 nested brackets as data",
      `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":${"[".repeat(100_000)}${"]".repeat(100_000)}}]}`,
      /nested deeper/,
    ],
    [
      "NaN",
      '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[NaN,1]}]}',
      /not valid JSON: unexpected "N" at byte 63; NaN and Infinity .*"NaN", "Infinity", "-Infinity"/,
    ],
    [
      "a number beyond FP32",
      '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1e39,1]}]}',
      /data\[0\] is 1e\+39; allowed: finite/,
    ],
    [
      "a number beyond any float",
      '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1e999,1]}]}',
      /data\[0\] is Infinity/,
    ],
    [
      "64-bit digits out of range",
      `{"inputs":[${JSON.stringify(x)},{"name":"m","datatype":"INT64","shape":[1],"data":[9223372036854775808]}]}`,
      /9223372036854775808; allowed: integers from -9223372036854775808 to 9223372036854775807/,
    ],
    [
      "an integer of 100,000 digits",
      `{"inputs":[${JSON.stringify(x)},{"name":"m","datatype":"INT64","shape":[1],"data":[${"9".repeat(100_000)}]}]}`,
      /data\[0\] is Infinity; allowed: integers/,
    ],
    ["bytes that are not UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), /not UTF-8/],
    ["a list", "[1,2]", /the body is an array of 2; it must be/],
    ["null", "null", /the body is null/],
    ["__proto__ as the body's field", '{"__proto__":{"inputs":[]}}', /inputs is missing/],
  ];
  for (const [name, body, message] of bodies) {
    test(name, async () => expectRefusal(await call(infer, { method: "POST", body }), 400, message));
  }

  const requests: readonly (readonly [string, unknown, RegExp])[] = [
    [
      "a wrong datatype",
      { inputs: [{ ...x, datatype: "INT64" }, m] },
      /"x" has datatype "INT64"; the model takes FP32/,
    ],
    ["a datatype that does not exist", { inputs: [{ ...x, datatype: "FLOAT" }, m] }, /"FLOAT"; the model takes FP32/],
    [
      "a wrong shape",
      { inputs: [{ ...x, shape: [1, 3], data: [1, 2, 3] }, m] },
      /shape \[1,3\]; the model takes \[-1,2\]/,
    ],
    ["a wrong rank", { inputs: [{ ...x, shape: [2] }, m] }, /shape \[2\]; the model takes \[-1,2\]/],
    ["a missing input", { inputs: [x] }, /"m" is missing; the model takes "x", "m"/],
    ["an unknown input", { inputs: [x, m, { ...x, name: "z" }] }, /"z" is unknown; the model takes "x", "m"/],
    ["an input twice", { inputs: [x, x, m] }, /"x" is there twice/],
    ["null among the numbers", { inputs: [{ ...x, data: [null, 1] }, m] }, /data\[0\] is null; allowed/],
    [
      "a string among the numbers",
      { inputs: [{ ...x, data: ["1", 1] }, m] },
      /data\[0\] is "1"; allowed: finite numbers/,
    ],
    ["a fraction for an integer", { inputs: [x, { ...m, data: [1.5] }] }, /data\[0\] is 1.5; allowed: integers/],
    [
      "fewer values than the shape says",
      { inputs: [{ ...x, shape: [2, 2], data: [1, 2, 3] }, m] },
      /3 values in data; its shape \[2,2\] needs 4/,
    ],
    ["a negative size", { inputs: [{ ...x, shape: [-1, 2] }, m] }, /the size -1/],
    [
      "a size beyond memory",
      { inputs: [{ ...x, shape: [4e9, 2] }, m] },
      /the size 4000000000; sizes are integers from 0 to 2147483647/,
    ],
    [
      "sizes whose product overflows",
      { inputs: [{ ...x, shape: [2147483647, 2147483647] }, m] },
      /more than 2147483647 elements/,
    ],
    [
      "a large shape with few values",
      { inputs: [{ ...x, shape: [1e9, 2] }, m] },
      /2 values in data; its shape \[1000000000,2\] needs 2000000000/,
    ],
    ["an unknown output", { ...good, outputs: [{ name: "z" }] }, /"z" is unknown; the model gives "y", "m_out"/],
  ];
  for (const [name, body, message] of requests) {
    test(name, async () => expectRefusal(await post(infer, body), 400, message));
  }

  test("an unknown model, version and path, in every protocol", async () => {
    await expectRefusal(
      await post(`${server.url}/v2/models/other/infer`, good),
      404,
      /model "other" is not served here; this server serves "m"/,
    );
    await expectRefusal(
      await post(`${server.url}/v2/models/m/versions/v9/infer`, good),
      404,
      /version "v9" is not served here; this server serves version "v1"/,
    );
    await expectRefusal(await post(`${server.url}/v1/models/other:predict`, {}), 404, /model "other"/);
    await expectRefusal(await call(`${server.url}/v1/models/other`), 404, /model "other"/);
    await expectRefusal(await call(`${server.url}/nothing`), 404, /nothing at "\/nothing"/);
    await expectRefusal(await call(`${server.url}/..%2f..%2fetc/passwd`), 404, /nothing at/);
    await expectRefusal(await call(`${server.url}/v2/models/%E0%A4%A`), 400, /percent-encoded/);
  });

  test("a wrong method is told the right one", async () => {
    const get = await call(infer);
    await expectRefusal(get, 405, /method "GET" is not possible here; allowed: POST/);
    assert.equal(get.headers["allow"], "POST");
    const put = await call(`${server.url}/v2/health/ready`, { method: "PUT", body: "{}" });
    await expectRefusal(put, 405, /allowed: GET, HEAD/);
    assert.equal(put.headers["allow"], "GET, HEAD");
  });

  test("a body of 100 MB that says its size is refused before it is read", async () => {
    const body = new Uint8Array(100 * megabyte).fill(0x20);
    await expectRefusal(await call(infer, { method: "POST", body }), 413, /more than the 67108864 bytes/);
  });

  test("a body of 100 MB in chunks is refused while it comes", async () => {
    const reply = await chunked(infer, 100);
    await expectRefusal(reply, 413, /more than the 67108864 bytes/);
  });

  test("a client that asks first is not made to send what will be refused", async () => {
    const answer = await raw(
      server.port,
      `POST /v2/models/m/infer HTTP/1.1\r\nhost: a\r\ncontent-length: ${100 * megabyte}\r\nexpect: 100-continue\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.doesNotMatch(answer, /100 Continue/);
  });

  test("a client that asks first and may send is told to go on", async () => {
    const body = JSON.stringify(good);
    const answer = await raw(
      server.port,
      `POST /v2/models/m/infer HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: ${body.length}\r\nexpect: 100-continue\r\n\r\n${body}`,
    );
    assert.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });

  test("a small bomb that inflates to 100 MB", async () => {
    const body = gzipSync(new Uint8Array(100 * megabyte));
    await expectRefusal(await call(infer, { body, headers: { "content-encoding": "gzip" } }), 413, /67108864 bytes/);
  });

  test("a body that is not compressed as it says, and an unknown compression", async () => {
    const lie = await call(infer, { body: JSON.stringify(good), headers: { "content-encoding": "gzip" } });
    await expectRefusal(lie, 400, /not what its content-encoding "gzip" says/);
    const cut = await call(infer, {
      body: gzipSync(JSON.stringify(good)).subarray(0, 40),
      headers: { "content-encoding": "gzip" },
    });
    await expectRefusal(cut, 400, /cut off/);
    const unknown = await call(infer, { body: "x", headers: { "content-encoding": "br" } });
    await expectRefusal(unknown, 415, /"br" is not known; allowed: identity, gzip, x-gzip, deflate, zstd/);
  });

  test("a wrong length of the JSON before binary tensors", async () => {
    for (const length of ["7", "-1", "2, 2", "x"]) {
      const reply = await call(infer, { body: "{}\0\0\0\0", headers: { "inference-header-content-length": length } });
      await expectRefusal(
        reply,
        400,
        /inference-header-content-length is ".*"; it must be the number of bytes of JSON/,
      );
    }
    const reply = await call(infer, { body: "{}\0\0\0\0", headers: { "inference-header-content-length": "2" } });
    await expectRefusal(reply, 400, /inputs is missing/);
  });

  test("a huge header", async () => {
    const answer = await raw(server.port, `GET /v2 HTTP/1.1\r\nhost: a\r\nx-long: ${"a".repeat(100_000)}\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 431 /);
    assert.match(answer, /\{"error":"the request's line and headers have more than the 16384 bytes/);
    assert.equal((await post(infer, good)).status, 200);
  });

  test("bytes that are not HTTP", async () => {
    const answer = await raw(server.port, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n");
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.match(answer, /\{"error":"the bytes received are not an HTTP\/1\.1 request/);
  });

  test("a client that goes away in the middle of its body", async () => {
    const socket = connect(server.port, "127.0.0.1");
    socket.write("POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{");
    await once(socket, "connect");
    socket.resetAndDestroy();
    assert.equal((await post(infer, good)).status, 200);
  });

  test("a refused body is read over, so the connection goes on", async () => {
    const body = JSON.stringify(good);
    const head = (path: string, more = ""): string =>
      `POST ${path} HTTP/1.1\r\nhost: a\r\n${more}content-length: ${body.length}\r\n\r\n${body}`;
    const answer = await raw(server.port, head("/nothing") + head("/v2/models/m/infer", "connection: close\r\n"));
    assert.match(answer, /^HTTP\/1\.1 404 [\s\S]*HTTP\/1\.1 200 /);
  });

  test("no refusal was our own fault, and nothing is left under way", async () => {
    const metrics = (await call(`${server.metricsUrl}/metrics`)).text;
    assert.doesNotMatch(metrics, /slipway_requests_total\{[^}]*code="5/);
    await eventually("no request is in flight", async () =>
      /^slipway_requests_in_flight\{.*\} 0$/m.test((await call(`${server.metricsUrl}/metrics`)).text),
    );
    assert.ok(
      !server.log().some((line) => line.level >= 50),
      JSON.stringify(server.log().filter((line) => line.level >= 50)),
    );
  });
});

test("a body that does not come is waited for as long as is allowed, and no longer", async () => {
  const server = await startServer({
    files: { "model.onnx": model },
    variables: { SLIPWAY_BODY_TIMEOUT_SECONDS: "0.5" },
  });
  const started = performance.now();
  const answer = await raw(server.port, 'POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{"input');
  assert.match(answer, /^HTTP\/1\.1 408 [\s\S]*connection: close/);
  assert.match(answer, /\{"error":"the body did not arrive within 0.5 s/);
  assert.ok(performance.now() - started < 12_000, "the connection ends without waiting for the rest");
  assert.equal((await post(`${server.url}/v2/models/m/infer`, good)).status, 200);
  await server.stop();
});

test("bodies under way share a bound on memory, and it is given back", async () => {
  // Room for some five million bytes of requests in the one shard.
  const limit = String(135 * megabyte);
  const half = 500_000;
  const server = await startServer({
    files: { "model.onnx": model },
    variables: { SLIPWAY_MEMORY_LIMIT_BYTES: limit },
  });
  const head = `POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: ${half}\r\n\r\n`;
  const slow = Array.from({ length: 11 }, () => connect(server.port, "127.0.0.1"));
  for (const socket of slow) socket.write(head + " ".repeat(900));
  await eventually("eleven bodies are under way", async () =>
    /^slipway_requests_in_flight\{.*\} 11$/m.test((await call(`${server.metricsUrl}/metrics`)).text),
  );
  const refused = await call(`${server.url}/predict`, { body: " ".repeat(half) });
  assert.equal(refused.status, 503);
  assert.equal(refused.headers["retry-after"], "1");
  assert.match((refused.json as { error: string }).error, /fill the memory set aside/);
  assert.equal((await post(`${server.url}/v2/models/m/infer`, good)).status, 200, "a small one has room of its own");
  for (const socket of slow) socket.destroy();
  await eventually(
    "the memory is given back",
    async () => (await call(`${server.url}/predict`, { body: " ".repeat(half) })).status === 400,
  );
  await server.stop();
});

test("what only ONNX Runtime can refuse is a 4xx too, in words without paths", async () => {
  // Sizes of one name would be refused before the run.
  const unnamed = onnxModel({
    nodes: [{ operator: "Add", inputs: ["a", "b"], outputs: ["sum"] }],
    inputs: [
      { name: "a", elementType: "float32", dims: ["n", "k"] },
      { name: "b", elementType: "float32", dims: ["m", "l"] },
    ],
    outputs: [{ name: "sum", elementType: "float32", dims: undefined }],
  });
  const server = await startServer({ files: { "model.onnx": unnamed } });
  const reply = await post(`${server.url}/v2/models/m/infer`, { inputs: [ones("a", 2), ones("b", 3)] });
  assert.equal(reply.status, 400);
  assert.match(
    (reply.json as { error: string }).error,
    /the model cannot run on these inputs: Add node.*broadcast.*2 by 3/,
  );
  assert.doesNotMatch(reply.text, /onnxruntime|\.h:|\/|::/);
  assert.equal((await post(`${server.url}/v2/models/m/infer`, { inputs: [ones("a", 2), ones("b", 2)] })).status, 200);
  await server.stop();
});

function ones(name: string, size: number): object {
  return { name, datatype: "FP32", shape: [1, size], data: Array.from({ length: size }, () => 1) };
}

/** Sends spaces in chunks of 1 MiB until all are sent or an answer is there. */
function chunked(url: string, megabytes: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    const request = httpRequest(url, { method: "POST", agent: false }, (response) => {
      isAnswered = true;
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => {
        request.destroy();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: JSON.parse(text) });
      });
    });
    request.on("error", (error) => {
      if (!isAnswered) reject(error);
    });
    const chunk = new Uint8Array(megabyte).fill(0x20);
    let sent = 0;
    const send = (): void => {
      if (isAnswered) return;
      if (sent++ === megabytes) request.end();
      else request.write(chunk, send);
    };
    send();
  });
}
