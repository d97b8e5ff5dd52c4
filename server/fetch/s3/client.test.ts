/**
 * What an S3 server of one's own cannot be made to do: lie in another region, let tokens expire, send strange answers.
 * The rest is tested against a real one, in test/integration/fetch.
 */
import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { noProxies } from "../http/proxy.ts";
import { defaultLimits } from "../limits.ts";
import { serve } from "../test-server.ts";
import type { AwsCredentials } from "./aws-credentials.ts";
import { createS3Client, type S3Client } from "./client.ts";

test("a request is signed as AWS documents it", async () => {
  let seen: Record<string, unknown> = {};
  const host = await serve((request, response) => {
    seen = { ...request.headers };
    response.end("model");
  });
  const { body } = await client(host).get({ key: "m", query: {}, headers: { range: "bytes=1-" } });
  assert.equal(await text(body), "model");
  assert.equal(seen["x-amz-date"], "20261124T080910Z");
  assert.equal(seen["x-amz-content-sha256"], "UNSIGNED-PAYLOAD");
  assert.equal(seen["x-amz-security-token"], "session-1");
  assert.match(
    String(seen["authorization"]),
    /^AWS4-HMAC-SHA256 Credential=key-1\/20261124\/eu-west-1\/s3\/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
  );
});

test("nobody's request is not signed", async () => {
  const seen: (string | undefined)[] = [];
  const host = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.end();
  });
  await client(host, () => Promise.resolve(undefined)).get({ key: "m", query: {}, headers: {} });
  assert.deepEqual(seen, [undefined]);
});

/** Status, headers and body by which servers say where a bucket lies. */
const elsewhere: readonly [string, number, Readonly<Record<string, string>>, string][] = [
  [
    "a permanent redirect",
    301,
    { "x-amz-bucket-region": "eu-north-1" },
    "<Error><Code>PermanentRedirect</Code></Error>",
  ],
  ["a temporary one", 307, { "x-amz-bucket-region": "eu-north-1", location: "http://169.254.169.254/" }, ""],
  [
    "a signature for another region",
    400,
    {},
    "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-north-1</Region></Error>",
  ],
];
for (const [what, status, headers, body] of elsewhere) {
  test(`${what} is followed once, to the region that it names`, async () => {
    const regions: (string | undefined)[] = [];
    const host = await serve((request, response) => {
      const region = /\/20261124\/([^/]+)\//.exec(request.headers.authorization ?? "")?.[1];
      regions.push(region);
      if (region === "eu-north-1") response.end("model");
      else response.writeHead(status, headers).end(body);
    });
    const asking = client(host);
    assert.equal(await text((await asking.get({ key: "m", query: {}, headers: {} })).body), "model");
    await asking.get({ key: "m", query: {}, headers: {} });
    assert.deepEqual(regions, ["eu-west-1", "eu-north-1", "eu-north-1"]);
  });
}

const dead: readonly [string, Readonly<Record<string, string>>, RegExp][] = [
  ["without a region", {}, /bucket models from the region eu-west-1 elsewhere and does not say where\. Set AWS_REGION/],
  ["to the region it came from", { "x-amz-bucket-region": "eu-west-1" }, /to the region eu-west-1/],
  ["to what is no region", { "x-amz-bucket-region": "evil.example/" }, /Set AWS_REGION/],
  ["elsewhere by address alone", { location: "http://169.254.169.254/" }, /does not say where/],
];
for (const [what, headers, message] of dead) {
  test(`a redirect ${what} is told`, async () => {
    let asked = 0;
    const host = await serve((_request, response) => {
      asked += 1;
      response.writeHead(301, headers).end();
    });
    await assert.rejects(client(host).get({ key: "m", query: {}, headers: {} }), {
      name: "SourceUnavailable",
      message,
    });
    assert.equal(asked, 1);
  });
}

test("regions that point to each other end", async () => {
  let asked = 0;
  const host = await serve((request, response) => {
    asked += 1;
    const other = request.headers.authorization?.includes("/eu-west-1/") === true ? "eu-north-1" : "eu-west-1";
    response.writeHead(301, { "x-amz-bucket-region": other }).end();
  });
  await assert.rejects(client(host).get({ key: "m", query: {}, headers: {} }), { message: /to the region eu-west-1/ });
  assert.equal(asked, 2);
});

test("credentials that have expired are asked for anew, once", async () => {
  const tokens: unknown[] = [];
  const host = await serve((request, response) => {
    const token = request.headers["x-amz-security-token"];
    tokens.push(token);
    if (token === "session-2") response.end("model");
    else response.writeHead(400).end("<Error><Code>ExpiredToken</Code></Error>");
  });
  const { body } = await client(host).get({ key: "m", query: {}, headers: {} });
  assert.equal(await text(body), "model");
  assert.deepEqual(tokens, ["session-1", "session-2"]);
});

test("credentials that stay expired are told", async () => {
  let asked = 0;
  const host = await serve((_request, response) => {
    asked += 1;
    response.writeHead(400).end("<Error><Code>ExpiredToken</Code></Error>");
  });
  await assert.rejects(client(host).get({ key: "m", query: {}, headers: {} }), {
    name: "Unauthorized",
    message: /the session token of the credentials has expired \(status 400, ExpiredToken\)\. Renew AWS_SESSION_TOKEN/,
  });
  assert.equal(asked, 2);
});

const errors: readonly [number, string, string, RegExp, boolean][] = [
  [404, "NoSuchKey", "NotFound", /\(NoSuchKey\) has no "models\/m"/, false],
  [403, "AccessDenied", "Unauthorized", /AccessDenied \(status 403\)\. Check them, and that they may read/, false],
  [403, "InvalidAccessKeyId", "Unauthorized", /does not know the credentials/, false],
  [403, "RequestTimeTooSkewed", "SourceUnavailable", /clock of the node is wrong/, false],
  [403, "QuotaExceeded", "SourceUnavailable", /refuses "models\/m" with QuotaExceeded \(status 403\)/, false],
  [403, "KMS.DisabledException", "SourceUnavailable", /with KMS\.DisabledException/, false],
  [403, "InvalidObjectState", "SourceUnavailable", /in an archive .*Restore it first/, false],
  [403, "", "Unauthorized", /\(status 403\)\. Check them/, false],
  [404, "NoSuchBucket", "NotFound", /\(NoSuchBucket\) has no .*AWS_S3_ADDRESSING_STYLE says/, false],
  [503, "SlowDown", "SourceUnavailable", /\(SlowDown\) answered with status 503/, true],
  [500, "", "SourceUnavailable", /answered with status 500/, true],
  [400, "<script>", "SourceUnavailable", /^127\.0\.0\.1:\d+ answered with status 400/, false],
];
for (const [status, code, name, message, again] of errors) {
  test(`${status} ${code} is ${name}, ${again ? "" : "not "}worth another try`, async () => {
    const host = await serve((_request, response) => {
      response.writeHead(status, { "retry-after": "0" }).end(`<Error><Code>${code}</Code></Error>`);
    });
    await assert.rejects(client(host).get({ key: "m", query: {}, headers: {} }), (error) => {
      assert.ok(error instanceof Error);
      assert.equal(error.name, name);
      assert.match(error.message, message);
      assert.equal("retry" in error, again);
      return true;
    });
  });
}

test("an error without end is cut", async () => {
  const host = await serve((_request, response) => {
    response.writeHead(403);
    const more = (): void => void response.write(Buffer.alloc(1024 ** 2), more);
    more();
  });
  await assert.rejects(client(host).get({ key: "m", query: {}, headers: {} }), { name: "TooLarge" });
});

function client(host: string, identify?: () => Promise<AwsCredentials | undefined>): S3Client {
  let given = 0;
  const numbered = (): Promise<AwsCredentials> => {
    given += 1;
    return Promise.resolve({ accessKeyId: `key-${given}`, secretAccessKey: "s", sessionToken: `session-${given}` });
  };
  return createS3Client({
    http: {
      plainHttpHosts: [host],
      certificateAuthority: undefined,
      limits: { ...defaultLimits, idleMilliseconds: 2000 },
      signal: new AbortController().signal,
      proxies: noProxies,
      now: () => performance.now(),
    },
    endpoint: { custom: new URL(`http://${host}`), region: "eu-west-1", addressing: "auto" },
    bucket: "models",
    identify: identify ?? numbered,
    wallClock: () => new Date("2026-11-24T08:09:10.123Z"),
  });
}
