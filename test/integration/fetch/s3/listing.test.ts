/** Real listings of real servers, in the dialects that others speak. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertFails, assertFolder, type Fetched, fetching } from "../fetching.ts";
import { paddedModel } from "../models.ts";
import { allowAnybody, startS3Server } from "../servers/s3-server.ts";
import { type Dialect, startDialect } from "./dialect-proxy.ts";
import { startRclone } from "./rclone-server.ts";

const impatient = { idleMilliseconds: 2000, retryDelaysMilliseconds: [20, 20] };
const files: Readonly<Record<string, Uint8Array>> = {
  "model.onnx": paddedModel(5000),
  "a +%&é.txt": Buffer.from("1"),
  "parts/1.bin": Buffer.from("2"),
  "parts/2.bin": Buffer.from("3"),
  "parts/z/3 😀.bin": Buffer.from("4"),
};

/** Two keys a page, so that five make three. */
const small = (query: URLSearchParams): void => query.set("max-keys", "2");
const old = (query: URLSearchParams): void => {
  small(query);
  query.delete("list-type");
};
const without =
  (...names: readonly string[]) =>
  (xml: string): string =>
    names.reduce((text, name) => text.replace(new RegExp(`<${name}>.*?</${name}>`, "gs"), ""), xml);

/** Of a server that lists everything, and how it is asked for the pages after the first. */
const whole: readonly [string, Dialect, "continuation-token" | "marker"][] = [
  ["the new form", { ask: small }, "continuation-token"],
  ["the old form", { ask: old }, "marker"],
  ["the old form without NextMarker", { ask: old, answer: without("NextMarker") }, "marker"],
  [
    "the old form without encoding",
    { ask: (query) => (old(query), query.delete("encoding-type")), answer: without("NextMarker") },
    "marker",
  ],
  ["the new form without its token", { ask: small, answer: without("NextContinuationToken", "NextMarker") }, "marker"],
];

/** Of a server whose listing would leave something out. */
const incomplete: readonly [string, Dialect, RegExp][] = [
  [
    "a server that ignores the marker",
    { ask: (query) => (old(query), query.delete("marker")) },
    /names "m\/a \+%&é\.txt" twice, so the folder may not be all there\. Pack it into a tar/,
  ],
  [
    "a server that ignores the token",
    { ask: (query) => (small(query), query.delete("continuation-token")) },
    /names "m\/a \+%&é\.txt" twice/,
  ],
  ["a token that repeats", sameToken(), /says twice that more follows "the-same"/],
  [
    "more that follows nothing",
    {
      ask: (query) => (old(query), query.set("marker", "m/zzz")),
      answer: (xml) => xml.replace(">false</IsTruncated>", ">true</IsTruncated>"),
    },
    /says that more follows, and not how to ask for it/,
  ],
  [
    "keys in another order than that of the marker",
    {
      ask: old,
      answer: (xml) =>
        without("NextMarker")(xml).replace(/(<Contents>.*?<\/Contents>)\s*(<Contents>.*?<\/Contents>)/s, "$2$1"),
    },
    /names "m\/a \+%&é\.txt" after "m\/model\.onnx"/,
  ],
  [
    "no word on whether more follows",
    { ask: small, answer: without("IsTruncated", "NextContinuationToken") },
    /does not say whether more follows \(IsTruncated\)/,
  ],
  [
    "another word",
    { ask: small, answer: (xml) => xml.replace(/(<IsTruncated>).*?</, "$1maybe<") },
    /does not say whether more follows/,
  ],
  [
    "keys in an encoding that it does not name",
    {
      ask: small,
      answer: (xml) => without("EncodingType")(xml).replaceAll("<Key>m/", "<Key>m%2F"),
    },
    /names "m%2F.*", which does not lie below/,
  ],
  [
    "folders in place of keys",
    { ask: (query) => query.set("delimiter", "/") },
    /gives folders in place of the keys below them/,
  ],
  [
    "an answer that is cut",
    { answer: (xml) => xml.slice(0, xml.lastIndexOf("<Contents>")) },
    /ended the listing of "models\/m\/" early/,
  ],
];

/** Its pages follow each other, and each says the same of the next one. */
function sameToken(): Dialect {
  let token = "";
  return {
    ask(query) {
      small(query);
      if (query.has("continuation-token")) query.set("continuation-token", token);
    },
    answer: (xml) =>
      xml.replace(/(?<=<NextContinuationToken>).*?(?=<)/, (real) => {
        token = real;
        return "the-same";
      }),
  };
}

const servers: readonly [string, () => Promise<{ readonly host: string; close(): Promise<void> }>][] = [
  [
    "versitygw",
    async () => {
      const server = await startS3Server();
      await allowAnybody(server);
      for (const [name, content] of Object.entries(files)) await server.put(`m/${name}`, content);
      return server;
    },
  ],
  [
    "rclone",
    async () => {
      const server = await startRclone({ isPublic: true });
      for (const [name, content] of Object.entries(files)) await server.put(`m/${name}`, content);
      return server;
    },
  ],
];

for (const [name, start] of servers) {
  describe(name, () => {
    let server: Awaited<ReturnType<typeof start>>;
    before(async () => {
      server = await start();
    });
    after(() => server.close());

    for (const [what, dialect, parameter] of whole) {
      test(`is read whole in ${what}`, async () => {
        const { fetched, listings } = await fetchFolder(server.host, dialect);
        assertFolder(fetched, files);
        assert.equal(listings.length, 3);
        assert.deepEqual(
          listings.map((query) => query.has(parameter)),
          [false, true, true],
        );
      });
    }

    for (const [what, dialect, message] of incomplete) {
      test(`is not taken for whole: ${what}`, async () => {
        const { fetched, listings } = await fetchFolder(server.host, dialect);
        assertFails(fetched, "SourceUnavailable", message);
        assert.deepEqual([...fetched.files.keys()], []);
        assert.ok(listings.length <= 3, `${listings.length} listings`);
      });
    }
  });
}

test("a listing that is cut once is asked for again", async () => {
  const server = await startRclone({ isPublic: true });
  try {
    for (const [name, content] of Object.entries(files)) await server.put(`m/${name}`, content);
    const cut = (xml: string, page: number): string => (page === 1 ? xml.slice(0, -20) : xml);
    const { fetched, listings } = await fetchFolder(server.host, { answer: cut });
    assertFolder(fetched, files);
    assert.equal(listings.length, 2);
  } finally {
    await server.close();
  }
});

async function fetchFolder(
  host: string,
  dialect: Dialect,
): Promise<{ readonly fetched: Fetched; readonly listings: readonly URLSearchParams[] }> {
  const proxy = await startDialect(host, dialect);
  try {
    const environment = { SLIPWAY_MODEL_URI: "s3://models/m/", SLIPWAY_PLAIN_HTTP_HOSTS: proxy.host };
    const secret = { AWS_ENDPOINT_URL: proxy.origin };
    return { fetched: await fetching(environment, { limits: impatient, secret }), listings: proxy.listings };
  } finally {
    await proxy.close();
  }
}
