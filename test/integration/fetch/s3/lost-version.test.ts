/** A recorded version that a store does not give: its newest is judged by the digest. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertFails, assertModel, type Fetched, fetching, sha256 } from "../fetching.ts";
import { type Running, serve } from "../servers/file-server.ts";
import { paddedModel } from "../models.ts";
import { region, type S3Server, startS3Server } from "../servers/s3-server.ts";

const [first, second] = [paddedModel(30_000), paddedModel(30_000)];
const commit = "0123456789abcdef0123456789abcdef01234567";
const limits = { retryDelaysMilliseconds: [20] };

/** What version ids look like at stores from which a bucket may have been copied. */
const foreign = {
  "Amazon S3": "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY-MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo",
  MinIO: "0a8a1e0c-9d7d-4a4f-8c3e-0e9fd4b5a111",
  "Google Cloud Storage": "1720098789123456",
  versitygw: "01J9ZQ4X6Y7Z8A9B0C1D2E3F4G",
};

describe("a server of S3", () => {
  let server: S3Server;
  before(async () => {
    server = await startS3Server();
  });
  after(() => server.close());

  const fetchWith = (pin: string): Promise<Fetched> =>
    fetching(
      {
        SLIPWAY_MODEL_URI: "s3://models/model.onnx",
        SLIPWAY_PLAIN_HTTP_HOSTS: server.host,
        SLIPWAY_RECORDED_DIGEST: sha256(first),
        SLIPWAY_RECORDED_PIN: pin,
      },
      { limits, secret: { ...server.keys, AWS_ENDPOINT_URL: server.endpoint, AWS_REGION: region } },
    );

  for (const isVersioned of [false, true]) {
    test(`gives its newest for another store's version ${isVersioned ? "where it keeps versions" : "where it keeps none"}`, async () => {
      if (isVersioned) {
        await server.bucket(
          "versioning",
          "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
        );
      }
      await server.put("model.onnx", first);
      for (const pin of [...Object.values(foreign), commit]) assertModel(await fetchWith(pin), first);
      await server.put("model.onnx", second);
      assertFails(
        await fetchWith(foreign.MinIO),
        "VersionReused",
        /as version 0a8a1e0c-.* of the object, which the bucket/,
      );
      assertFails(await fetchWith(commit), "VersionReused", /first resolved to sha256:\w+, and its uri/);
    });
  }
});

describe("a store", () => {
  let answer: readonly [status: number, code: string];
  let asked: string[];
  let store: Running;
  before(async () => {
    store = await serve((request, response) => {
      const version = new URL(request.url ?? "/", "http://localhost").searchParams.get("versionId");
      asked.push(version ?? "newest");
      if (version === null) response.writeHead(200, { etag: '"b"', "content-length": first.byteLength }).end(first);
      else response.writeHead(answer[0]).end(`<Error><Code>${answer[1]}</Code></Error>`);
    });
  });
  after(() => store.close());

  const fetchAt = (status: number, code: string, pin: string): Promise<Fetched> => {
    answer = [status, code];
    asked = [];
    return fetching(
      {
        SLIPWAY_MODEL_URI: "s3://models/model.onnx",
        SLIPWAY_PLAIN_HTTP_HOSTS: store.host,
        SLIPWAY_RECORDED_DIGEST: sha256(first),
        SLIPWAY_RECORDED_PIN: pin,
      },
      { limits, secret: { AWS_ENDPOINT_URL: store.origin, AWS_REGION: region } },
    );
  };

  for (const [status, code] of [
    [404, "NoSuchVersion"],
    [403, "AccessDenied"],
    [400, "InvalidArgument"],
    [405, "MethodNotAllowed"],
    [403, "InvalidObjectState"],
    [501, "NotImplemented"],
  ] as const) {
    test(`that refuses a version with ${status} ${code} is asked for the newest at once`, async () => {
      assertModel(await fetchAt(status, code, "v-1"), first);
      assert.deepEqual(asked, ["v-1", "newest"]);
    });
  }

  for (const [status, code] of [
    [500, "InternalError"],
    [503, "SlowDown"],
    [429, "TooManyRequests"],
  ] as const) {
    test(`that cannot answer now, with ${status} ${code}, is asked for the version again`, async () => {
      assertFails(await fetchAt(status, code, "v-1"), "SourceUnavailable", new RegExp(`status ${status}`));
      assert.deepEqual(asked, ["v-1", "v-1"]);
    });
  }

  test("is not asked for a commit of the Hub", async () => {
    assertModel(await fetchAt(404, "NoSuchVersion", commit), first);
    assert.deepEqual(asked, ["newest"]);
  });
});
