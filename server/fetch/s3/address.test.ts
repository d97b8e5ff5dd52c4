import assert from "node:assert/strict";
import { test } from "node:test";
import { AwsV4Signer } from "aws4fetch";
import * as fc from "fast-check";
import type { Credentials } from "../sources/credentials.ts";
import { type AddressingStyle, parseS3Address, readEndpoint, s3Url } from "./address.ts";

const parsed: readonly [string, string, string, string | undefined][] = [
  ["s3://bucket/key", "bucket", "key", undefined],
  ["s3://my.bucket_1/a/b c+d%20?.onnx", "my.bucket_1", "a/b c+d%20?.onnx", undefined],
  ["s3://bucket/folder/", "bucket", "folder/", undefined],
  ["s3://bucket/", "bucket", "", undefined],
  ["s3://bucket//odd", "bucket", "/odd", undefined],
  ["s3://bucket/key?versionId=3sL4kq.9_-", "bucket", "key", "3sL4kq.9_-"],
];
for (const [uri, bucket, key, versionId] of parsed) {
  test(uri, () => assert.deepEqual(parseS3Address(uri), { bucket, key, versionId }));
}

const refused: readonly [string, RegExp][] = [
  ["s3://", /no valid bucket/],
  ["s3:///key", /no valid bucket/],
  ["s3://bucket", /no key/],
  ["s3://user:pass@bucket/key", /no valid bucket/],
  ["s3://bucket/a/../b", /part "\." or "\.\."/],
  ["s3://bucket/./b", /part "\." or "\.\."/],
  ["s3://bucket/folder/?versionId=1", /version of a folder/],
];
for (const [uri, message] of refused) {
  test(`${uri} is refused`, () => {
    assert.throws(() => parseS3Address(uri), { name: "UnsupportedSource", message });
  });
}

const none = { key: "", query: {} };
const urls: readonly [string | undefined, string, AddressingStyle, string, string, string][] = [
  [undefined, "eu-central-1", "virtual", "models", "a/b.onnx", "https://models.s3.eu-central-1.amazonaws.com/a/b.onnx"],
  [undefined, "cn-north-1", "virtual", "models", "m", "https://models.s3.cn-north-1.amazonaws.com.cn/m"],
  [undefined, "eu-west-1", "path", "my.models", "m", "https://s3.eu-west-1.amazonaws.com/my.models/m"],
  [
    "http://minio:9000",
    "us-east-1",
    "path",
    "models",
    "a b+c'(d)!*.onnx",
    "http://minio:9000/models/a%20b%2Bc%27%28d%29%21%2A.onnx",
  ],
  ["https://storage.example/s3/", "us-east-1", "path", "models", "m", "https://storage.example/s3/models/m"],
  ["https://oss.example:8443", "us-east-1", "virtual", "models", "a/m", "https://models.oss.example:8443/a/m"],
  ["https://oss.example/s3/", "us-east-1", "virtual", "my.models", "m", "https://my.models.oss.example/s3/m"],
  ["https://oss.example", "us-east-1", "virtual", "models", "", "https://models.oss.example/"],
  ["https://oss.example", "us-east-1", "path", "models", "", "https://oss.example/models/"],
];
for (const [endpoint, region, style, bucket, key, url] of urls) {
  test(`${key} of ${bucket} in ${region} at ${endpoint ?? "AWS"}, ${style}`, () => {
    const custom = endpoint === undefined ? undefined : new URL(endpoint);
    assert.equal(s3Url({ custom, region }, style, { ...none, bucket, key }), url);
  });
}

test("a query is encoded as it is signed", () => {
  const at = { custom: new URL("https://host"), region: "r" };
  const url = s3Url(at, "path", { ...none, bucket: "b", query: { prefix: "a b/&=", "list-type": "2" } });
  assert.equal(url, "https://host/b/?prefix=a%20b%2F%26%3D&list-type=2");
});

test("every key that a URL can carry comes out of it as it went in, for the server and for the signature", () => {
  const part = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => text !== "." && text !== "..");
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), fc.boolean(), (parts, inHost) => {
      const key = parts.map((text) => text.replaceAll("/", "")).join("/");
      fc.pre(key.isWellFormed() && !key.split("/").some((text) => text === "." || text === ".."));
      const at = { custom: new URL("https://host"), region: "r" };
      const url = s3Url(at, inHost ? "virtual" : "path", { ...none, bucket: "b", key });
      const { pathname, host } = new URL(url);
      assert.equal(host, inHost ? "b.host" : "host");
      assert.equal(decodeURIComponent(pathname), `${inHost ? "" : "/b"}/${key}`);
      const signer = new AwsV4Signer({ url, accessKeyId: "a", secretAccessKey: "b", service: "s3", region: "r" });
      assert.equal(signer.encodedPath, pathname);
    }),
  );
});

test("the Secret comes before the environment, and AWS with its first region is what is left", async () => {
  const secret = { AWS_ENDPOINT_URL: "https://of.secret", AWS_REGION: "secret-1", AWS_S3_ADDRESSING_STYLE: "path" };
  const environment = {
    AWS_ENDPOINT_URL: "https://of.environment",
    AWS_ENDPOINT_URL_S3: "https://of.s3",
    AWS_REGION: "environment-1",
    AWS_DEFAULT_REGION: "default-1",
    AWS_S3_ADDRESSING_STYLE: "virtual",
  };
  assert.equal(await shown(secret, environment), "https://of.secret secret-1 path");
  assert.equal(await shown({}, environment), "https://of.s3 environment-1 virtual");
  assert.equal(await shown({}, { AWS_DEFAULT_REGION: "default-1" }), "AWS default-1 auto");
  assert.equal(
    await shown({}, { AWS_ENDPOINT_URL: "", AWS_REGION: "", AWS_S3_ADDRESSING_STYLE: "" }),
    "AWS us-east-1 auto",
  );
});

test("an endpoint, a region or a style that is none is told by its name", async () => {
  for (const url of ["minio:9000", "ftp://x", "https://user@x", "https://x?y"]) {
    await assert.rejects(readEndpoint(credentials({ AWS_ENDPOINT_URL: url }), {}), {
      name: "InvalidConfiguration",
      message: /^AWS_ENDPOINT_URL is no URL/,
    });
  }
  await assert.rejects(readEndpoint(credentials({ AWS_REGION: "eu.evil.example/" }), {}), {
    name: "InvalidConfiguration",
    message: /AWS_REGION is "eu\.evil\.example\/"/,
  });
  await assert.rejects(readEndpoint(credentials({ AWS_S3_ADDRESSING_STYLE: "dns" }), {}), {
    name: "InvalidConfiguration",
    message: /AWS_S3_ADDRESSING_STYLE is "dns"\. Write path, virtual or auto\./,
  });
});

function credentials(keys: Readonly<Record<string, string>>): Credentials {
  return { read: (key) => Promise.resolve(keys[key]) };
}

async function shown(
  keys: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>>,
): Promise<string> {
  const { custom, region, addressing } = await readEndpoint(credentials(keys), variables);
  return `${custom?.origin ?? "AWS"} ${region} ${addressing}`;
}
