/** Which version of an object was downloaded, and a version that is asked for beside the uri. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openCredentials } from "../../../../server/fetch/sources/credentials.ts";
import { defaultLimits } from "../../../../server/fetch/limits.ts";
import { noProxies } from "../../../../server/fetch/http/proxy.ts";
import { openModelDirectory } from "../../../../server/fetch/model/model-directory.ts";
import { parseS3Address } from "../../../../server/fetch/s3/address.ts";
import { createS3Client } from "../../../../server/fetch/s3/client.ts";
import { type FetchedObject, fetchObject } from "../../../../server/fetch/s3/fetch-object.ts";
import { sha256 } from "../fetching.ts";
import { paddedModel } from "../models.ts";
import { region, type S3Server, startS3Server } from "../servers/s3-server.ts";

const [first, second] = [paddedModel(1000), paddedModel(1000)];

async function setVersioning(server: S3Server, status: "Enabled" | "Suspended"): Promise<void> {
  await server.bucket("versioning", `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`);
}

describe("an object", () => {
  let server: S3Server;
  before(async () => {
    server = await startS3Server();
  });
  after(() => server.close());

  test("has no version where the bucket keeps none, or has stopped to", async () => {
    await server.put("plain.onnx", first);
    assert.deepEqual(await fetchVersion(server, "plain.onnx"), { digest: sha256(first), versionId: undefined });
    await setVersioning(server, "Enabled");
    assert.deepEqual(await fetchVersion(server, "plain.onnx"), { digest: sha256(first), versionId: undefined });
    await setVersioning(server, "Suspended");
    await server.put("late.onnx", second);
    assert.deepEqual(await fetchVersion(server, "late.onnx"), { digest: sha256(second), versionId: undefined });
  });

  test("names its version, by which it is had again once another one has taken its place", async () => {
    await setVersioning(server, "Enabled");
    const put = await server.put("model.onnx", first);
    const fetched = await fetchVersion(server, "model.onnx");
    assert.deepEqual(fetched, { digest: sha256(first), versionId: put });
    const later = await server.put("model.onnx", second);
    assert.deepEqual(await fetchVersion(server, "model.onnx"), { digest: sha256(second), versionId: later });
    assert.deepEqual(await fetchVersion(server, "model.onnx", fetched.versionId), fetched);
    assert.deepEqual(await fetchVersion(server, `model.onnx?versionId=${put}`), fetched);
  });

  test("that is not kept in the version any more is not there", async () => {
    await assert.rejects(fetchVersion(server, "model.onnx", "01ARZ3NDEKTSV4RRFFQ69G5FAV"), {
      name: "NotFound",
      message: /has no "models\/model\.onnx"/,
    });
  });
});

async function fetchVersion(server: S3Server, key: string, versionId?: string): Promise<FetchedObject> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-version-"));
  const uri = `s3://models/${key}`;
  const address = parseS3Address(uri);
  const http = {
    now: () => performance.now(),
    proxies: noProxies,
    plainHttpHosts: [server.host],
    certificateAuthority: undefined,
    limits: defaultLimits,
    signal: new AbortController().signal,
  };
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = server.keys;
  const client = createS3Client({
    http,
    endpoint: { custom: new URL(server.endpoint), region, addressing: "auto" },
    bucket: address.bucket,
    identify: () => Promise.resolve({ accessKeyId, secretAccessKey, sessionToken: undefined }),
    wallClock: () => new Date(),
  });
  const silent = (): void => undefined;
  try {
    return await fetchObject(client, versionId === undefined ? address : { ...address, versionId }, {
      ...http,
      uri,
      directory: await openModelDirectory(join(directory, "model"), defaultLimits),
      known: undefined,
      onBytes: silent,
      fruitlessSince: () => undefined,
      onTotal: silent,
      log: { info: silent, warn: silent, error: silent },
      checkDigest: silent,
      credentials: openCredentials(join(directory, "secret")),
      environment: {},
      claimDirectory: join(directory, "claim"),
      architecture: "amd64",
    });
  } finally {
    await client.close();
    await rm(directory, { recursive: true, force: true });
  }
}
