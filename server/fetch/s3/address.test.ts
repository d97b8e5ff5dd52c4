import assert from "node:assert/strict";
import { test } from "node:test";
import { AwsV4Signer } from "aws4fetch";
import * as fc from "fast-check";
import type { Credentials } from "../credentials.ts";
import { parseS3Address, readEndpoint, s3Url } from "./address.ts";

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

const urls: readonly [string | undefined, string, string, string, string][] = [
  [undefined, "eu-central-1", "models", "a/b.onnx", "https://models.s3.eu-central-1.amazonaws.com/a/b.onnx"],
  [undefined, "cn-north-1", "models", "m", "https://models.s3.cn-north-1.amazonaws.com.cn/m"],
  // A dot would leave the wildcard certificate behind.
  [undefined, "eu-west-1", "my.models", "m", "https://s3.eu-west-1.amazonaws.com/my.models/m"],
  [
    "http://minio:9000",
    "us-east-1",
    "models",
    "a b+c'(d)!*.onnx",
    "http://minio:9000/models/a%20b%2Bc%27%28d%29%21%2A.onnx",
  ],
  ["https://storage.example/s3/", "us-east-1", "models", "m", "https://storage.example/s3/models/m"],
];
for (const [endpoint, region, bucket, key, url] of urls) {
  test(`${key} of ${bucket} in ${region} at ${endpoint ?? "AWS"}`, () => {
    const custom = endpoint === undefined ? undefined : new URL(endpoint);
    assert.equal(s3Url({ custom, region }, bucket, key, {}), url);
  });
}

test("a query is encoded as it is signed", () => {
  const url = s3Url({ custom: new URL("https://host"), region: "r" }, "b", "", { prefix: "a b/&=", "list-type": "2" });
  assert.equal(url, "https://host/b/?prefix=a%20b%2F%26%3D&list-type=2");
});

test("every key that a URL can carry comes out of it as it went in, for the server and for the signature", () => {
  const part = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => text !== "." && text !== "..");
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), (parts) => {
      const key = parts.map((text) => text.replaceAll("/", "")).join("/");
      fc.pre(key.isWellFormed() && !key.split("/").some((text) => text === "." || text === ".."));
      const url = s3Url({ custom: new URL("https://host"), region: "r" }, "b", key, {});
      const path = new URL(url).pathname;
      assert.equal(decodeURIComponent(path), `/b/${key}`);
      const signer = new AwsV4Signer({ url, accessKeyId: "a", secretAccessKey: "b", service: "s3", region: "r" });
      assert.equal(signer.encodedPath, path);
    }),
  );
});

test("the Secret comes before the environment, and AWS with its first region is what is left", async () => {
  const secret = { AWS_ENDPOINT_URL: "https://of.secret", AWS_REGION: "secret-1" };
  const environment = {
    AWS_ENDPOINT_URL: "https://of.environment",
    AWS_ENDPOINT_URL_S3: "https://of.s3",
    AWS_REGION: "environment-1",
    AWS_DEFAULT_REGION: "default-1",
  };
  assert.equal(await shown(secret, environment), "https://of.secret secret-1");
  assert.equal(await shown({}, environment), "https://of.s3 environment-1");
  assert.equal(await shown({}, { AWS_DEFAULT_REGION: "default-1" }), "AWS default-1");
  assert.equal(await shown({}, { AWS_ENDPOINT_URL: "", AWS_REGION: "" }), "AWS us-east-1");
});

test("an endpoint or a region that is none is told by its name", async () => {
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
});

function credentials(keys: Readonly<Record<string, string>>): Credentials {
  return { read: (key) => Promise.resolve(keys[key]) };
}

async function shown(
  keys: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>>,
): Promise<string> {
  const { custom, region } = await readEndpoint(credentials(keys), variables);
  return `${custom?.origin ?? "AWS"} ${region}`;
}
