import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { directionModels } from "../../../../demo/models.ts";
import { pushArtifact } from "../../../fixtures/oci.ts";
import { createAuthority } from "../servers/authority.ts";
import { assertFails, fetching } from "../fetching.ts";
import { type Registry, startRegistry } from "../servers/registry.ts";
import { member, startTokenService, type TokenService } from "../servers/token-service.ts";

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
    assert.deepEqual(tokens.asked, ["service=registry&scope=repository%3Apublic%2Fdirection%3Apull"]);
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

  const pairs = `${member.username}:${member.password}`;
  const { username, password, identityToken } = member;
  const ways: readonly [string, (host: string) => Readonly<Record<string, string>>][] = [
    ["a user name and password", () => ({ username, password })],
    ["an entry of a Docker configuration", (host) => dockerConfig({ [host]: { auth: base64(pairs) } })],
    ["the same as kubectl writes it", (host) => dockerConfig({ [`https://${host}/v1/`]: { username, password } })],
    ["an identity token", (host) => dockerConfig({ [host]: { auth: base64("0:"), identitytoken: identityToken } })],
    [
      "the entry of its own path",
      (host) => dockerConfig({ [host]: { auth: base64("eve:wrong") }, [`${host}/private`]: { auth: base64(pairs) } }),
    ],
  ];
  for (const [what, secret] of ways) {
    test(`gets one for ${what}`, async () => {
      const { report } = await fetching(
        { SLIPWAY_MODEL_URI: `oci://${registry.host}/private/direction:1`, SLIPWAY_PLAIN_HTTP_HOSTS: plain },
        { limits, secret: secret(registry.host) },
      );
      assert.ok(report.ok, JSON.stringify(report));
    });
  }

  test("takes one that the Secret holds", async () => {
    const secret = { token: tokens.token("private/direction", ["pull"]) };
    const asked = tokens.asked.length;
    const { report } = await fetching(
      { SLIPWAY_MODEL_URI: `oci://${registry.host}/private/direction:1`, SLIPWAY_PLAIN_HTTP_HOSTS: plain },
      { limits, secret },
    );
    assert.ok(report.ok, JSON.stringify(report));
    assert.equal(tokens.asked.length, asked);
  });

  const wrong: readonly [string, Readonly<Record<string, string>>, RegExp][] = [
    [
      "a wrong password",
      { username, password: "another-one" },
      /to the credentials of the source's Secret \(status 401\)\. Check/,
    ],
    ["a token that is none", { token: "not-a-token" }, /to the credentials of the source's Secret \(status 401\)/],
    [
      "an entry of another host",
      dockerConfig({ "registry.example": { auth: base64(pairs) } }),
      /refuses anonymous access to private\/direction:1 \(status 401\)\. The \.dockerconfigjson of .* no entry for it\. .*--docker-server=127\.0\.0\.1:\d+\.$/,
    ],
    [
      "keys of another kind",
      { user: username, pass: "abcdefgh" },
      /refuses anonymous access to .*Name a Secret with \.dockerconfigjson, username and password, or token in source/,
    ],
  ];
  for (const [what, secret, message] of wrong) {
    test(`refuses ${what}, once`, async () => {
      const fetched = await fetching(
        { SLIPWAY_MODEL_URI: `oci://${registry.host}/private/direction:1`, SLIPWAY_PLAIN_HTTP_HOSTS: plain },
        { limits, secret },
      );
      assertFails(fetched, "Unauthorized", message);
      assert.equal(fetched.log.length, 1);
    });
  }

  test("is not asked over a connection without TLS that nobody named", async () => {
    const fetched = await fetching(
      { SLIPWAY_MODEL_URI: `oci://${registry.host}/public/direction:1`, SLIPWAY_PLAIN_HTTP_HOSTS: registry.host },
      { limits },
    );
    // The registry may name another service the next time.
    assertFails(fetched, "SourceUnavailable", /leads to http:\/\/127\.0\.0\.1:\d+, which is not TLS.*plainHttpHosts/);
  });
});

describe("a registry that asks for a password", () => {
  let open: Registry;
  let closed: Registry;
  let environment: Readonly<Record<string, string>>;
  let digest: string;
  before(async () => {
    open = await startRegistry();
    ({ digest } = await pushArtifact({ registry: open.host, repository: "m", plainHttp: true, tag: "1", files }));
    closed = await startRegistry({ passwords: `letters:${bcrypted}\n`, dataOf: open });
    environment = { SLIPWAY_MODEL_URI: `oci://${closed.host}/m:1`, SLIPWAY_PLAIN_HTTP_HOSTS: closed.host };
  });
  after(async () => {
    await closed.close();
    await open.close();
  });

  const right = { username: "letters", password: "abcdefghijklmnopqrstuvwxyz" };
  test("gets it from the Secret", async () => {
    for (const secret of [
      right,
      dockerConfig({ [closed.host]: { auth: base64(`${right.username}:${right.password}`) } }),
    ]) {
      const { report } = await fetching(environment, { limits, secret });
      assert.ok(report.ok, JSON.stringify(report));
      assert.equal(report.digest, digest);
    }
  });

  test("refuses a wrong one, and none", async () => {
    const wrong = { ...right, password: "abcdefg" };
    assertFails(
      await fetching(environment, { limits, secret: wrong }),
      "Unauthorized",
      /to the credentials of the source's Secret/,
    );
    assertFails(
      await fetching(environment, { limits }),
      "Unauthorized",
      /refuses anonymous access to .*source\.secretRef/,
    );
  });
});

/** Of the alphabet, from the published test vectors of bcrypt. */
const bcrypted = "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC";

function dockerConfig(auths: Readonly<Record<string, object>>): Readonly<Record<string, string>> {
  return { ".dockerconfigjson": JSON.stringify({ auths }) };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
