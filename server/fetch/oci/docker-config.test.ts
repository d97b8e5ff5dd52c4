import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { isFailure } from "../failure.ts";
import { findRegistryCredentials } from "./docker-config.ts";

function find(auths: Readonly<Record<string, unknown>>, registry: string, repository = "team/model"): string {
  const found = findRegistryCredentials(JSON.stringify({ auths }), registry, repository);
  if (found === undefined) return "nobody";
  return found.kind === "basic" ? `${found.username}:${found.password}` : `${found.kind} ${found.token}`;
}

function auth(pair: string): { readonly auth: string } {
  return { auth: Buffer.from(pair).toString("base64") };
}

/** Entry, registry, whether it fits. */
const hosts: readonly [string, string, boolean][] = [
  ["registry.example", "registry.example", true],
  ["Registry.Example", "registry.example", true],
  ["https://registry.example", "registry.example", true],
  ["http://registry.example/", "registry.example", true],
  ["https://registry.example/v2/", "registry.example", true],
  ["registry.example:5000", "registry.example:5000", true],
  ["registry.example", "registry.example:5000", false],
  ["registry.example", "evil-registry.example", false],
  ["registry.example", "registry.example.evil", false],
  ["*.example", "registry.example", true],
  ["*.example", "a.registry.example", false],
  ["*.example", "example", false],
  ["registry.example/team", "registry.example", true],
  ["registry.example/team/model", "registry.example", true],
  ["registry.example/tea", "registry.example", false],
  ["registry.example/other", "registry.example", false],
  ["https://index.docker.io/v1/", "docker.io", true],
  ["https://index.docker.io/v1/", "index.docker.io", true],
  ["docker.io", "registry-1.docker.io", true],
  ["docker.io/team", "docker.io", true],
  ["docker.io", "registry.example", false],
];
for (const [entry, registry, fits] of hosts) {
  test(`${entry} ${fits ? "fits" : "does not fit"} ${registry}/team/model`, () => {
    assert.equal(find({ [entry]: auth("ada:secret") }, registry), fits ? "ada:secret" : "nobody");
  });
}

test("the entry that says most is used", () => {
  const auths = {
    "*.example": auth("star:1"),
    "registry.example": auth("host:2"),
    "registry.example/team": auth("path:3"),
  };
  assert.equal(find(auths, "registry.example"), "path:3");
  assert.equal(find(auths, "registry.example", "other/model"), "host:2");
  assert.equal(find(auths, "other.example"), "star:1");
});

test("every way to write who one is", () => {
  const ways: readonly [unknown, string][] = [
    [auth("ada:pass:with:colons"), "ada:pass:with:colons"],
    [auth("ada:wörd"), "ada:wörd"],
    [{ username: "ada", password: "secret" }, "ada:secret"],
    [{ auth: "", username: "ada", password: "secret" }, "ada:secret"],
    [{ ...auth("00000000-0000-0000-0000-000000000000:"), identitytoken: "eyJ.a.b" }, "identityToken eyJ.a.b"],
    [{ registrytoken: "abc" }, "bearer abc"],
    [{}, "nobody"],
    [{ auth: "no base64 at all" }, "nobody"],
    ["text", "nobody"],
    [{ identitytoken: "two\r\nlines" }, "nobody"],
  ];
  for (const [entry, found] of ways) assert.equal(find({ "registry.example": entry }, "registry.example"), found);
});

test("what is no Docker configuration is told without its content", () => {
  for (const text of ["hidden", "[]", "{}", '{"auths":["hidden"]}', '{"auths":"hidden"}']) {
    assert.throws(
      () => findRegistryCredentials(text, "registry.example", "m"),
      (error) =>
        isFailure(error) &&
        error.reason === "InvalidConfiguration" &&
        /\.dockerconfigjson.*kubectl create secret docker-registry/.test(error.message) &&
        !error.message.includes("hidden"),
    );
  }
});

test("credentials go to no host that is not named", () => {
  const label = fc.stringMatching(/^[a-z]{1,3}$/);
  const host = fc.array(label, { minLength: 2, maxLength: 3 }).map((labels) => labels.join("."));
  fc.assert(
    fc.property(host, host, (named, asked) => {
      assert.equal(find({ [named]: auth("ada:secret") }, asked), named === asked ? "ada:secret" : "nobody");
    }),
  );
});
