import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createAuthority } from "../fetch/servers/authority.ts";
import { type Registry, startRegistry } from "../fetch/servers/registry.ts";
import { member, startTokenService, type TokenService } from "../fetch/servers/token-service.ts";
import { type Ran, slipway } from "./slipway.ts";
import { directory, inspected, parsed, type PushAnswer } from "./pushing.ts";

describe("a registry with TLS", () => {
  let registry: Registry;
  before(async () => {
    registry = await startRegistry({ tls: true });
  });
  after(() => registry.close());

  test("is trusted with its authority, for a push and for a look", async () => {
    const uri = `oci://${registry.host}/models/direction:1`;
    const ca = ["--ca", registry.authority?.authorityPath ?? ""];
    const answer = parsed(
      await slipway(["push", join(directory, "model.onnx"), uri, ...ca, "-o", "json"]),
    ) as PushAnswer;
    assert.equal((await inspected(uri, ...ca)).digest, answer.digest);
  });

  test("is refused without it, with the option that helps", async () => {
    const uri = `oci://${registry.host}/models/direction:1`;
    const refused = await slipway(["push", join(directory, "model.onnx"), uri]);
    assert.match(
      refused.stderr,
      /certificate of 127\.0\.0\.1:\d+ is not trusted .*: give its certificate authority with --ca FILE/,
    );
    assert.match((await slipway(["inspect", uri])).stderr, /is not trusted .*--ca FILE/);
    assert.equal(refused.code, 1);
  });

  test("needs a file of certificates that is one", async () => {
    const { stderr } = await slipway([
      "push",
      join(directory, "model.onnx"),
      "oci://r/m:1",
      "--ca",
      join(directory, "model.onnx"),
    ]);
    assert.match(stderr, /--ca .*model\.onnx holds no PEM certificate/);
  });
});

/** A published test vector of bcrypt, which has no maker among the packages here. */
const password = "abcdefghijklmnopqrstuvwxyz";

const bcrypted = "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC";

describe("a registry that asks for a name and password", () => {
  let registry: Registry;
  before(async () => {
    registry = await startRegistry({ passwords: `letters:${bcrypted}\n` });
  });
  after(() => registry.close());

  const pushAs = (words: readonly string[], options: Parameters<typeof slipway>[1] = {}): Promise<Ran> =>
    slipway(
      ["push", join(directory, "model.onnx"), `oci://${registry.host}/models/direction:1`, "--plain-http", ...words],
      options,
    );

  test("takes them from standard input", async () => {
    assert.equal((await pushAs(["-u", "letters", "--password-stdin"], { input: `${password}\n` })).code, 0);
  });

  test("takes them from where docker login leaves them", async () => {
    const config = join(directory, "docker");
    await mkdir(config);
    const auth = Buffer.from(`letters:${password}`).toString("base64");
    await writeFile(join(config, "config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    assert.equal((await pushAs([], { variables: { DOCKER_CONFIG: config } })).code, 0);
    const look = await slipway(["inspect", `oci://${registry.host}/models/direction:1`, "--plain-http"], {
      variables: { DOCKER_CONFIG: config },
    });
    assert.equal(look.code, 0, look.stderr);
  });

  const inspectAs = (words: readonly string[], options: Parameters<typeof slipway>[1] = {}): Promise<Ran> =>
    slipway(["inspect", `oci://${registry.host}/models/direction:1`, "--plain-http", ...words], options);

  test("refuses nobody, and says how to log in", async () => {
    const pushing = await pushAs([]);
    assert.equal(pushing.code, 1);
    assert.match(
      pushing.stderr,
      /does not let you push .* \(status 401\)\. Log in with --username NAME --password-stdin/,
    );
    const looking = await inspectAs([]);
    assert.equal(looking.code, 1);
    assert.match(
      looking.stderr,
      /refuses anonymous access to .* \(status 401\)\. Log in with --username NAME --password-stdin, or let `docker login 127/,
    );
    assert.doesNotMatch(looking.stderr, /Secret/);
  });

  test("refuses a wrong password, and says that it was this one", async () => {
    const words = ["-u", "letters", "--password-stdin"];
    const [pushing, looking] = [await pushAs(words, { input: "wrong" }), await inspectAs(words, { input: "wrong" })];
    assert.match(
      pushing.stderr,
      /does not let you push .* \(status 401\)\. It refused this name and password: check that they are right/,
    );
    assert.match(looking.stderr, /refuses .* to this name and password \(status 401\)\. Check that they are right/);
    for (const { code, stderr } of [pushing, looking]) {
      assert.equal(code, 1);
      assert.doesNotMatch(stderr, /wrong|Secret|Log in/);
    }
  });

  test("refuses a wrong password that docker login stored, and says so", async () => {
    const config = join(directory, "stale");
    await mkdir(config);
    const auth = Buffer.from("letters:stale").toString("base64");
    await writeFile(join(config, "config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    const variables = { DOCKER_CONFIG: config };
    assert.match(
      (await pushAs([], { variables })).stderr,
      /It refused the credentials that `docker login` or `oras login` stored: check/,
    );
    assert.match(
      (await inspectAs([], { variables })).stderr,
      /to the credentials that `docker login` or `oras login` stored \(status 401\)\. Check/,
    );
  });

  test("needs both halves", async () => {
    assert.equal((await pushAs(["-u", "letters"])).code, 2);
    assert.equal((await pushAs(["--password-stdin"], { input: "x" })).code, 2);
    assert.match((await pushAs(["-u", "letters", "--password-stdin"])).stderr, /standard input is empty/);
  });
});

describe("a registry that sends for a token", () => {
  let tokens: TokenService;
  let registry: Registry;
  before(async () => {
    const authority = await createAuthority(join(directory, "authority"));
    tokens = await startTokenService(authority);
    registry = await startRegistry({
      tokenService: { realm: tokens.realm, rootCertificates: authority.authorityPath },
    });
  });
  after(async () => {
    await registry.close();
    await tokens.close();
  });

  test("gets one that may push, for who shows a name and password", async () => {
    const uri = `oci://${registry.host}/private/direction:1`;
    const words = [
      "push",
      join(directory, "model.onnx"),
      uri,
      "--plain-http",
      "-u",
      member.username,
      "--password-stdin",
    ];
    const { code, stderr } = await slipway(words, { input: member.password });
    assert.equal(code, 0, stderr);
    assert.ok(
      tokens.asked.some((query) => query.includes("private%2Fdirection%3Apull%2Cpush")),
      tokens.asked.join("\n"),
    );
  });

  test("lets nobody else push", async () => {
    const words = ["push", join(directory, "model.onnx"), `oci://${registry.host}/private/direction:1`, "--plain-http"];
    const { code, stderr } = await slipway(words);
    assert.equal(code, 1);
    assert.match(stderr, /does not let you push|gives no token/);
  });
});
