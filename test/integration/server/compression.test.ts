import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import { gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import { addModel } from "../../fixtures/models/arithmetic.ts";
import { type RunningServer, startServer } from "./harness.ts";

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

const rows = (count: number): number[][] => Array.from({ length: count }, (_, row) => [row / 3, Math.sin(row)]);
const body = (count: number): object => ({ input_data: { a: rows(count), b: rows(count) } });
const undo = { gzip: gunzipSync, deflate: inflateSync, zstd: zstdDecompressSync } as const;

function ask(server: RunningServer, path: string, content: object, acceptEncoding?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = acceptEncoding === undefined ? {} : { "accept-encoding": acceptEncoding };
    const sent = request(`${server.url}${path}`, { method: "POST", agent: false, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(JSON.stringify(content));
  });
}

const start = (mode?: string): Promise<RunningServer> =>
  startServer({
    files: { "model.onnx": addModel() },
    variables: mode === undefined ? {} : { SLIPWAY_ANSWER_COMPRESSION: mode },
  });

describe("answers are compressed for whoever names one coding", () => {
  let server: RunningServer;
  before(async () => {
    server = await start();
  });
  after(() => server.stop());

  for (const coding of ["gzip", "deflate", "zstd"] as const) {
    for (const count of [200, 50_000]) {
      test(`${coding}, ${count} rows`, async () => {
        const plain = await ask(server, "/predict", body(count));
        assert.equal(plain.headers["content-encoding"], undefined);
        const small = await ask(server, "/predict", body(count), coding);
        assert.equal(small.headers["content-encoding"], coding);
        assert.equal(small.headers["vary"], "accept-encoding");
        assert.equal(small.headers["content-type"], "application/json");
        assert.equal(Number(small.headers["content-length"]), small.body.length);
        assert.ok(small.body.length < plain.body.length * 0.6, `${small.body.length} of ${plain.body.length}`);
        assert.ok(undo[coding](small.body).equals(plain.body), "it is the same answer");
      });
    }
  }

  test("tensors in binary form as well: the length of the JSON is that of what comes out", async () => {
    const tensor = (name: string): object => ({ name, datatype: "FP32", shape: [5000, 2], data: rows(5000) });
    const content = { inputs: [tensor("a"), tensor("b")], parameters: { binary_data_output: true } };
    const plain = await ask(server, "/v2/models/m/infer", content);
    const small = await ask(server, "/v2/models/m/infer", content, "gzip");
    assert.equal(small.headers["content-encoding"], "gzip");
    const name = "inference-header-content-length";
    assert.ok(plain.headers[name] !== undefined && plain.headers[name] === small.headers[name]);
    assert.ok(gunzipSync(small.body).equals(plain.body), "it is the same answer");
  });

  test("what a library says of itself, small answers, refusals and what is known to nobody stay as they are", async () => {
    for (const [count, acceptEncoding] of [
      [5000, "gzip, deflate"],
      [5000, "gzip, deflate, br, zstd"],
      [5000, "br"],
      [5000, "gzip;q=0"],
      [10, "gzip"],
      [0, "gzip"],
    ] as const) {
      const { status, headers } = await ask(server, "/predict", count === 0 ? {} : body(count), acceptEncoding);
      assert.equal(status, count === 0 ? 400 : 200);
      assert.equal(headers["content-encoding"], undefined, acceptEncoding);
    }
  });

  test("who refuses a plain answer gets none", async () => {
    const small = await ask(server, "/predict", body(1), "gzip, deflate, identity;q=0");
    assert.equal(small.headers["content-encoding"], "gzip");
    assert.equal(gunzipSync(small.body).toString(), '{"model_name":"m","model_version":"v1","predictions":[[0,0]]}');
    const refused = await ask(server, "/predict", body(1), "br, identity;q=0");
    assert.equal(refused.status, 406);
    assert.match(refused.body.toString(), /"NotAcceptable"/);
  });
});

test("for all, or for nobody, where the server is set up so", async () => {
  const any = await start("any");
  assert.equal((await ask(any, "/predict", body(5000), "gzip, deflate")).headers["content-encoding"], "gzip");
  assert.equal((await ask(any, "/predict", body(5000))).headers["content-encoding"], undefined);
  await any.stop();
  const none = await start("none");
  assert.equal((await ask(none, "/predict", body(5000), "gzip")).headers["content-encoding"], undefined);
  await none.stop();
});

test("clients that go while their answer is compressed leave nothing behind", async () => {
  const server = await start();
  const text = JSON.stringify(body(50_000));
  for (let index = 0; index < 20; index++) {
    await new Promise<void>((resolve) => {
      const headers = { "accept-encoding": "gzip" };
      const sent = request(`${server.url}/predict`, { method: "POST", agent: false, headers }, (response) => {
        response.once("data", () => response.destroy());
        response.once("close", resolve);
      });
      sent.on("error", () => resolve());
      sent.end(text);
      if (index % 2 === 0) sent.once("finish", () => setImmediate(() => sent.destroy()));
    });
  }
  const reply = await ask(server, "/predict", body(50_000), "gzip");
  assert.equal(reply.status, 200);
  assert.deepEqual(
    server.log().filter(({ level }) => level >= 40),
    [],
  );
  await server.stop();
});
