import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { directionModels } from "../../../demo/models.ts";
import { pushArtifact } from "../../fixtures/oci.ts";
import { createAuthority } from "./authority.ts";
import { fetching } from "./fetching.ts";
import { type Registry, startRegistry } from "./registry.ts";
import { startTokenService, type TokenService } from "./token-service.ts";

const files = [{ name: "model.onnx", content: directionModels().v1 }];
const limits = { retryDelaysMilliseconds: [20] };

describe("a registry with TLS", () => {
  let registry: Registry;
  let authorityPem: string;
  let digest: string;
  before(async () => {
    registry = await startRegistry({ tls: true });
    authorityPem = registry.authority?.authorityPem ?? "";
    const address = { registry: registry.host, repository: "models/direction", certificateAuthority: authorityPem };
    ({ digest } = await pushArtifact({ ...address, tag: "1", files }));
  });
  after(() => registry.close());

  test("is trusted with its certificate authority", async () => {
    const { report } = await fetching(
      { SLIPWAY_MODEL_URI: `oci://${registry.host}/models/direction:1`, SLIPWAY_CERTIFICATE_AUTHORITY: authorityPem },
      { limits },
    );
    assert.ok(report.ok, JSON.stringify(report));
    assert.equal(report.digest, digest);
  });

  test("is refused without it, at once", async () => {
    const { report, log } = await fetching(
      { SLIPWAY_MODEL_URI: `oci://${registry.host}/models/direction:1` },
      { limits },
    );
    assert.ok(!report.ok);
    assert.equal(report.reason, "SourceUnavailable");
    assert.match(report.message, /certificate of 127\.0\.0\.1:\d+ is not trusted .*certificate authority/);
    assert.deepEqual(
      log.filter((line) => line.startsWith("trying again")),
      [],
    );
  });
});

describe("a registry that asks for a token", () => {
  let directory: string;
  let tokens: TokenService;
  let registry: Registry;
  let plain: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "slipway-token-"));
    const authority = await createAuthority(directory);
    tokens = await startTokenService(authority);
    registry = await startRegistry({
      tokenService: { realm: tokens.realm, rootCertificates: authority.authorityPath },
    });
    plain = `${registry.host},${tokens.host}`;
    for (const repository of ["public/direction", "private/direction"]) {
      const token = tokens.token(repository, ["pull", "push"]);
      await pushArtifact({ registry: registry.host, repository, plainHttp: true, token, tag: "1", files });
    }
  });
  after(async () => {
    await registry.close();
    await tokens.close();
    await rm(directory, { recursive: true });
  });

  test("gets an anonymous one", async () => {
    const { report } = await fetching(
      { SLIPWAY_MODEL_URI: `oci://${registry.host}/public/direction:1`, SLIPWAY_PLAIN_HTTP_HOSTS: plain },
      { limits },
    );
    assert.ok(report.ok, JSON.stringify(report));
    assert.deepEqual(tokens.asked, ["?service=registry&scope=repository%3Apublic%2Fdirection%3Apull"]);
  });

  test("and keeps what is not public", async () => {
    const { report } = await fetching(
      { SLIPWAY_MODEL_URI: `oci://${registry.host}/private/direction:1`, SLIPWAY_PLAIN_HTTP_HOSTS: plain },
      { limits },
    );
    assert.ok(!report.ok);
    assert.equal(report.reason, "Unauthorized");
    assert.match(report.message, /refuses anonymous access to .*private\/direction:1/);
  });

  test("is not asked over a connection without TLS that nobody named", async () => {
    const { report } = await fetching(
      { SLIPWAY_MODEL_URI: `oci://${registry.host}/public/direction:1`, SLIPWAY_PLAIN_HTTP_HOSTS: registry.host },
      { limits },
    );
    assert.ok(!report.ok);
    assert.match(report.message, /The download leads to http:\/\/127\.0\.0\.1:\d+, which is not TLS/);
  });
});
