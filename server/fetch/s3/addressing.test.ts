import assert from "node:assert/strict";
import { test } from "node:test";
import type { Addressing, AddressingStyle } from "./address.ts";
import { canHaveHost, firstStyle, whyNoHost, withBucketHost } from "./addressing.ts";

const first: readonly [string | undefined, Addressing, string, AddressingStyle][] = [
  [undefined, "auto", "models", "virtual"],
  [undefined, "auto", "my.models", "path"],
  [undefined, "auto", "My_models", "path"],
  [undefined, "path", "models", "path"],
  [undefined, "virtual", "my.models", "virtual"],
  ["https://minio.example", "auto", "models", "path"],
  ["https://minio.example", "virtual", "models", "virtual"],
  ["https://minio.example", "path", "models", "path"],
];
for (const [endpoint, addressing, bucket, style] of first) {
  test(`${bucket} at ${endpoint ?? "AWS"}, ${addressing}: ${style}`, () => {
    assert.equal(firstStyle(at(endpoint, addressing), bucket), style);
  });
}

const hosts: readonly [string | undefined, string, boolean, RegExp][] = [
  ["https://oss.example", "models", true, /./],
  ["https://oss.example", "a.b-1.c", true, /./],
  [undefined, "models", true, /./],
  ["http://localhost:9000", "models", true, /./],
  ["http://127.0.0.1:9000", "models", false, /names the address 127\.0\.0\.1, which cannot have the bucket before it/],
  ["http://[::1]:9000", "models", false, /names the address \[::1\]/],
  ["https://oss.example", "Models", false, /the bucket "Models" cannot be part of a host's name/],
  ["https://oss.example", "my_models", false, /"my_models"/],
  ["https://oss.example", "a..b", false, /"a\.\.b"/],
  ["https://oss.example", "a.", false, /"a\."/],
  ["https://oss.example", "a-", false, /"a-"/],
  ["https://oss.example", "a".repeat(64), false, /"a{64}"/],
];
for (const [endpoint, bucket, can, why] of hosts) {
  test(`${bucket} ${can ? "can" : "cannot"} have a host at ${endpoint ?? "AWS"}`, () => {
    const where = at(endpoint, "virtual");
    assert.equal(canHaveHost(where, bucket), can);
    if (can) return;
    assert.match(whyNoHost(where, bucket), why);
    assert.throws(() => firstStyle(where, bucket), { name: "InvalidConfiguration", message: why });
  });
}

test("a bucket's host goes without TLS where the endpoint's does, on the same port", () => {
  const named = ["minio.example:9000", "other.example"];
  const bucket = "models.minio.example:9000";
  assert.deepEqual(withBucketHost(named, at("http://minio.example:9000"), "models"), [...named, bucket]);
  assert.deepEqual(withBucketHost(named, at("http://minio.example"), "models"), named);
  assert.deepEqual(withBucketHost(["s3:80"], at("http://s3"), "models"), ["s3:80", "models.s3:80"]);
  assert.deepEqual(withBucketHost(named, at(undefined), "models"), named);
});

function at(endpoint: string | undefined, addressing: Addressing = "auto"): Parameters<typeof firstStyle>[0] {
  return { custom: endpoint === undefined ? undefined : new URL(endpoint), region: "eu-west-1", addressing };
}
