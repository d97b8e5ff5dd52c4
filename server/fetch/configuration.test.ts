import assert from "node:assert/strict";
import { test } from "node:test";
import { noProxies } from "./http/proxy.ts";
import { readConfiguration } from "./configuration.ts";

const digest = `sha256:${"ab".repeat(32)}`;

test("everything is read", () => {
  assert.deepEqual(
    readConfiguration({
      SLIPWAY_MODEL_URI: "oci://registry.example/m:1",
      SLIPWAY_MODEL_VERSION: "v1",
      SLIPWAY_MODEL_DIGEST: digest,
      SLIPWAY_RECORDED_DIGEST: digest,
      SLIPWAY_PLAIN_HTTP_HOSTS: "Registry.local:5000, other,[::1]:80,",
      SLIPWAY_CERTIFICATE_AUTHORITY: "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n",
      SLIPWAY_MODEL_DIRECTORY: "/tmp/model",
      SLIPWAY_CREDENTIALS_DIRECTORY: "/tmp/secret",
      SLIPWAY_CREDENTIALS_SECRET: "login",
      SLIPWAY_RECORDED_PIN: "0123abcd",
      SLIPWAY_CLAIM_DIRECTORY: "/tmp/claim",
      SLIPWAY_FETCH_TIMEOUT_SECONDS: "90",
      SLIPWAY_FETCH_SIZE_LIMIT_BYTES: "1048576",
    }),
    {
      uri: "oci://registry.example/m:1",
      version: "v1",
      digest,
      recordedDigest: digest,
      recordedPin: "0123abcd",
      proxies: noProxies,
      plainHttpHosts: ["registry.local:5000", "other", "[::1]:80"],
      certificateAuthority: "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----",
      modelDirectory: "/tmp/model",
      credentialsDirectory: "/tmp/secret",
      credentialsSecret: "login",
      claimDirectory: "/tmp/claim",
      limits: { totalMilliseconds: 90_000, totalBytes: 1048576 },
    },
  );
});

test("what is empty is absent", () => {
  const empty = {
    SLIPWAY_MODEL_DIGEST: "",
    SLIPWAY_RECORDED_DIGEST: " ",
    SLIPWAY_PLAIN_HTTP_HOSTS: "",
    SLIPWAY_CERTIFICATE_AUTHORITY: "",
    SLIPWAY_CREDENTIALS_SECRET: "",
    SLIPWAY_FETCH_TIMEOUT_SECONDS: "",
    SLIPWAY_FETCH_SIZE_LIMIT_BYTES: " ",
  };
  assert.deepEqual(readConfiguration({ SLIPWAY_MODEL_URI: "file:///m", ...empty }), {
    uri: "file:///m",
    version: "",
    digest: undefined,
    recordedDigest: undefined,
    recordedPin: undefined,
    proxies: noProxies,
    plainHttpHosts: [],
    certificateAuthority: undefined,
    modelDirectory: "/model",
    credentialsDirectory: "/etc/slipway/credentials",
    credentialsSecret: undefined,
    claimDirectory: "/slipway/claim",
    limits: {},
  });
});

test("all mistakes are told at once", () => {
  assert.throws(
    () =>
      readConfiguration({
        SLIPWAY_MODEL_DIGEST: "sha1:1",
        SLIPWAY_RECORDED_DIGEST: digest.toUpperCase(),
        SLIPWAY_PLAIN_HTTP_HOSTS: "http://registry",
        SLIPWAY_CERTIFICATE_AUTHORITY: "no",
      }),
    {
      name: "InvalidConfiguration",
      message:
        /MODEL_URI is missing.*MODEL_DIGEST is "sha1:1".*RECORDED_DIGEST is "SHA256:.*"http:\/\/registry", which is not host.*holds no PEM certificate/,
    },
  );
});

test("limits are whole numbers within reason", () => {
  const wrong: readonly [string, string][] = [
    ["SLIPWAY_FETCH_TIMEOUT_SECONDS", "0"],
    ["SLIPWAY_FETCH_TIMEOUT_SECONDS", "10m"],
    ["SLIPWAY_FETCH_TIMEOUT_SECONDS", "604801"],
    ["SLIPWAY_FETCH_TIMEOUT_SECONDS", "-1"],
    ["SLIPWAY_FETCH_SIZE_LIMIT_BYTES", "1Gi"],
    ["SLIPWAY_FETCH_SIZE_LIMIT_BYTES", "9999999999999999"],
  ];
  for (const [name, value] of wrong) {
    assert.throws(() => readConfiguration({ SLIPWAY_MODEL_URI: "file:///m", [name]: value }), {
      name: "InvalidConfiguration",
      message: new RegExp(`${name} is "${value}", not a whole number from 1 to \\d+`),
    });
  }
});
