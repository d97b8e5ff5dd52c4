/** Whether a reference has moved is no part of the model: a source that does not say so holds no pod up. */
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import { assertModel, type Fetched, fetching, sha256 } from "./fetching.ts";
import { type Running, serve } from "./servers/file-server.ts";
import { paddedModel } from "./models.ts";
import { region } from "./servers/s3-server.ts";

const model = paddedModel(30_000);
const commit = "a".repeat(40);
/** Neither silence nor the time for the whole ends a question before the fetch is told to have failed. */
const limits = { asideMilliseconds: 100, idleMilliseconds: 600_000, totalMilliseconds: 60_000 };

/** How a question is answered that should have been answered at once. */
const slownesses = {
  silent: () => undefined,
  "a byte at a time": (response) => {
    response.writeHead(200);
    const trickle = setInterval(() => response.write("x"), 20);
    response.on("close", () => clearInterval(trickle));
  },
} satisfies Readonly<Record<string, (response: ServerResponse) => void>>;

interface Slow {
  readonly uri: (host: string) => string;
  readonly known: Readonly<Record<string, string>>;
  /** Answers all but the question whether the reference has moved; false for that one. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly assert: (fetched: Fetched) => void;
}

const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: sha256(Buffer.from("{}")), size: 2 },
    layers: [
      {
        mediaType: "application/octet-stream",
        digest: sha256(model),
        size: model.byteLength,
        annotations: { "org.opencontainers.image.title": "model.onnx" },
      },
    ],
  }),
);

const registry: Slow = {
  uri: (host) => `oci://${host}/team/direction:1`,
  known: { SLIPWAY_RECORDED_DIGEST: sha256(manifest) },
  answer: ({ method, url = "" }, response) => {
    if (method === "HEAD") return false;
    if (url.includes("/blobs/")) response.end(model);
    else response.writeHead(200, { "content-type": "application/vnd.oci.image.manifest.v1+json" }).end(manifest);
    return true;
  },
  assert: ({ report, files }) => {
    assert.ok(report.ok, JSON.stringify(report));
    assert.deepEqual(files.get("model.onnx"), model);
  },
};

const sources: Readonly<Record<string, Slow>> = {
  "a registry": registry,
  "the Hub": {
    uri: () => "hf://team/direction@main/model.onnx",
    known: { SLIPWAY_RECORDED_DIGEST: sha256(model), SLIPWAY_RECORDED_PIN: commit },
    answer: ({ url = "" }, response) => {
      if (url.includes("/revision/main")) return false;
      if (url.startsWith("/api/"))
        response.end(JSON.stringify({ sha: commit, siblings: [{ rfilename: "model.onnx" }] }));
      else response.end(model);
      return true;
    },
    assert: (fetched) => assertModel(fetched, model),
  },
  "a store of S3": {
    uri: () => "s3://models/model.onnx",
    known: { SLIPWAY_RECORDED_DIGEST: sha256(model), SLIPWAY_RECORDED_PIN: "v-1" },
    answer: ({ url = "" }, response) => {
      if (!url.includes("versionId=")) return false;
      response.writeHead(200, { etag: '"a"', "x-amz-version-id": "v-1" }).end(model);
      return true;
    },
    assert: (fetched) => assertModel(fetched, model),
  },
};

for (const [who, source] of Object.entries(sources)) {
  for (const [how, slow] of Object.entries(slownesses)) {
    // An answer to HEAD is over with its header.
    if (source === registry && how !== "silent") continue;
    test(`${who} that tells where the reference leads ${how} holds no pod up`, async () => {
      const running: Running = await serve((request, response) => {
        if (source.answer(request, response)) return;
        slow(response);
      });
      try {
        const fetched = await fetching(
          {
            SLIPWAY_MODEL_URI: source.uri(running.host),
            SLIPWAY_PLAIN_HTTP_HOSTS: running.host,
            HF_ENDPOINT: running.origin,
            ...source.known,
          },
          { limits, secret: { AWS_ENDPOINT_URL: running.origin, AWS_REGION: region } },
        );
        source.assert(fetched);
        assert.ok(
          fetched.log.some((line) => /is not known: no answer within/.test(line)),
          fetched.log.join("\n"),
        );
        assert.equal(fetched.report.ok && fetched.report.warning, undefined);
      } finally {
        await running.close();
      }
    });
  }
}
