/** Objects that a store packs, or unpacks, on the way: their bytes are not those of the listing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { assertFails, assertFolder, type Fetched, fetching } from "../fetching.ts";
import { serve } from "../servers/file-server.ts";
import { paddedModel } from "../models.ts";
import { region } from "../servers/s3-server.ts";

const model = paddedModel(30_000);
const plain = Buffer.from("{}".repeat(1000));
const packed = gzipSync(plain);

interface Sent {
  /** As the listing has it. */
  readonly size: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly content: Buffer;
  /** Without a length. */
  readonly isChunked: boolean;
}

/** A folder with a model, and an object that is sent so. */
async function fetchFolder({ size, headers, content, isChunked }: Sent): Promise<{ fetched: Fetched; asked: number }> {
  let asked = 0;
  const store = await serve(({ url = "" }, response) => {
    if (url.includes("list-type")) {
      const sizes = { "notes.json": size, "x.onnx": model.byteLength };
      const contents = Object.entries(sizes).map(
        ([key, bytes]) => `<Contents><Key>m/${key}</Key><Size>${bytes}</Size><ETag>"of ${key}"</ETag></Contents>`,
      );
      response.end(
        `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>${contents.join("")}</ListBucketResult>`,
      );
    } else if (url.endsWith("x.onnx")) response.end(model);
    else {
      asked += 1;
      response.writeHead(200, { ...headers, ...(isChunked ? {} : { "content-length": content.byteLength }) });
      response.end(content);
    }
  });
  try {
    const fetched = await fetching(
      { SLIPWAY_MODEL_URI: "s3://models/m/", SLIPWAY_PLAIN_HTTP_HOSTS: store.host },
      {
        limits: { retryDelaysMilliseconds: [20] },
        secret: { AWS_ENDPOINT_URL: store.origin, AWS_REGION: region },
      },
    );
    return { fetched, asked };
  } finally {
    await store.close();
  }
}

for (const isChunked of [true, false]) {
  const how = isChunked ? "without a length" : "with a length";
  for (const [what, size, headers, content] of [
    ["unpacked", packed.byteLength, { "x-goog-stored-content-encoding": "gzip" }, plain],
    ["packed", plain.byteLength, { "content-encoding": "gzip" }, packed],
  ] as const) {
    test(`an object that is ${what} on the way, ${how}, is told as such at once`, async () => {
      const { fetched, asked } = await fetchFolder({ size, headers, content, isChunked });
      assertFails(
        fetched,
        "SourceUnavailable",
        new RegExp(
          `sends other bytes of "models/m/notes\\.json" than the ${size} that are listed: it has Content-Encoding gzip, .* Upload it again without`,
        ),
      );
      assert.equal(asked, 1);
    });
  }

  test(`an object with an encoding that is sent as it is listed, ${how}, is taken`, async () => {
    const headers = { "content-encoding": "gzip" };
    const { fetched } = await fetchFolder({ size: packed.byteLength, headers, content: packed, isChunked });
    assertFolder(fetched, { "notes.json": packed, "x.onnx": model });
  });
}
