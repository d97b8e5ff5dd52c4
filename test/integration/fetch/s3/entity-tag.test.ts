/** Folders at stores whose listing names other entity tags than their objects do, or whose conditions never hold. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startCuttingProxy } from "../servers/cutting-proxy.ts";
import { assertFails, assertFolder, type Fetched, fetching } from "../fetching.ts";
import { paddedModel } from "../models.ts";
import { allowAnybody, type S3Server, startS3Server } from "../servers/s3-server.ts";
import { type Dialect, startDialect } from "./dialect-proxy.ts";

const impatient = { idleMilliseconds: 2000, retryDelaysMilliseconds: [20, 20, 20] };
const mebibyte = 1024 ** 2;
const model = paddedModel(3 * mebibyte);
const files = { "model.onnx": model };

let server: S3Server;
before(async () => {
  server = await startS3Server();
  await allowAnybody(server);
  await server.put("m/model.onnx", model);
});
after(() => server.close());

/** Puts something in place of what the listing says of the tag, which stands for what gateways make of it. */
function listed(change: (tag: string) => string): (xml: string) => string {
  return (xml) => xml.replace(/<ETag>(.*?)<\/ETag>/g, (_, tag: string) => change(tag.replaceAll("&#34;", "")));
}

const other = listed((tag) => `<ETag>"gw-${tag}"</ETag>`);

/** What a store does, and what the object was asked under in turn: its listed tag (L), its own (O), or nothing. */
const unchanged: readonly [string, Dialect, string][] = [
  ["as it is", {}, "O"],
  ["another tag in the listing", { answer: other }, "L - -"],
  ["that of an upload in parts", { answer: listed((tag) => `<ETag>"${tag}-2"</ETag>`) }, "L - -"],
  ["a tag without quotes in the listing", { answer: listed((tag) => `<ETag>${tag}</ETag>`) }, "O"],
  ["a weak tag in the listing", { answer: listed((tag) => `<ETag>W/"${tag}"</ETag>`) }, "-"],
  ["no tag in the listing", { answer: listed(() => "") }, "-"],
  ["conditions that never hold", { object: () => "refused" }, "O - -"],
  ["another tag in the listing, and conditions that never hold", { answer: other, object: () => "refused" }, "L - -"],
  [
    "another tag in the listing, and weak ones of objects",
    { answer: other, object: retag((tag) => `W/${tag}`) },
    "L - -",
  ],
  [
    "another tag in the listing, and objects' without quotes",
    { answer: other, object: retag((tag) => tag.replaceAll('"', "")) },
    "L - -",
  ],
  ["another tag in the listing, and no tag of objects", { answer: other, object: retag(() => undefined) }, "L - -"],
  ["another tag in the listing, and nothing of objects", { answer: other, object: () => ({}) }, "L - -"],
];

function retag(change: (tag: string) => string | undefined): NonNullable<Dialect["object"]> {
  return ({ etag = "", ...rest }) => {
    const tag = change(etag);
    return tag === undefined ? rest : { ...rest, etag: tag };
  };
}

describe("a folder that was not changed", () => {
  for (const [what, dialect, expected] of unchanged) {
    test(`arrives: ${what}`, async () => {
      const { fetched, conditions } = await fetchFolder(dialect);
      assertFolder(fetched, files);
      const own = await ownTag();
      const asked = conditions.map((condition) => (condition === undefined ? "-" : condition === own ? "O" : "L"));
      assert.equal(asked.join(" "), expected);
    });
  }

  for (const [what, dialect] of [
    ["with another tag in the listing", { answer: other }],
    ["with its own", {}],
  ] as const) {
    test(`is gone on with where a connection broke, ${what}`, async () => {
      const dialectProxy = await startDialect(server.host, dialect);
      const cutting = await startCuttingProxy(dialectProxy.host, { kind: "cut", afterBytes: mebibyte, times: 2 });
      try {
        assertFolder(await fetchAt(cutting.host), files);
        assert.ok(cutting.broken() >= 1);
        assert.match(dialectProxy.ranges.at(-1) ?? "the whole", /^bytes=\d{6,7}-$/);
      } finally {
        await cutting.close();
        await dialectProxy.close();
      }
    });
  }
});

describe("a folder that was changed meanwhile is not mixed", () => {
  const changes: readonly [string, Dialect, () => Uint8Array][] = [
    ["another object of the same size", {}, () => paddedModel(3 * mebibyte)],
    ["the same, with other tags in the listing", { answer: other }, () => paddedModel(3 * mebibyte)],
    ["another size, with other tags in the listing", { answer: other }, () => paddedModel(2 * mebibyte)],
  ];
  for (const [what, dialect, next] of changes) {
    test(what, async () => {
      await server.put("m/model.onnx", model);
      const { fetched, conditions } = await fetchFolder({
        ...dialect,
        async answer(xml, count) {
          if (count === 1) await server.put("m/model.onnx", next());
          return dialect.answer?.(xml, count) ?? xml;
        },
      });
      assertFails(fetched, "SourceUnavailable", /"models\/m\/model\.onnx" was changed while it was downloaded/);
      assert.equal(conditions.length, 1);
      await server.put("m/model.onnx", model);
    });
  }

  test("an object that has another state at every request", async () => {
    let count = 0;
    const { fetched } = await fetchFolder({ answer: other, object: retag(() => `"${(count += 1)}"`) });
    assertFails(fetched, "SourceUnavailable", /was changed while it was downloaded/);
    assert.equal(count, 3);
  });

  test("an object that has gone", async () => {
    const { fetched } = await fetchFolder({
      answer: (xml, count) => (count === 1 ? other(xml) : xml.replace(/<Contents>.*<\/Contents>/s, "")),
    });
    assertFails(fetched, "SourceUnavailable", /was changed while it was downloaded/);
  });
});

async function ownTag(): Promise<string> {
  const answer = await fetch(`${server.endpoint}/models/m/model.onnx`, { method: "HEAD" });
  return answer.headers.get("etag") ?? "";
}

async function fetchFolder(
  dialect: Dialect,
): Promise<{ readonly fetched: Fetched; readonly conditions: readonly (string | undefined)[] }> {
  const proxy = await startDialect(server.host, dialect);
  try {
    return { fetched: await fetchAt(proxy.host), conditions: proxy.conditions };
  } finally {
    await proxy.close();
  }
}

function fetchAt(host: string): Promise<Fetched> {
  return fetching(
    { SLIPWAY_MODEL_URI: "s3://models/m/", SLIPWAY_PLAIN_HTTP_HOSTS: host },
    { limits: impatient, secret: { AWS_ENDPOINT_URL: `http://${host}` } },
  );
}
