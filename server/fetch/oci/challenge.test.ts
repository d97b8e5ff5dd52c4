import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { hasBasicChallenge, parseBearerChallenge } from "./challenge.ts";

const realm = "https://auth.example/token";

test("realm, service and scope are read", () => {
  const header = `Bearer realm="${realm}",service="registry.example",scope="repository:m/n:pull,push"`;
  assert.deepEqual(parseBearerChallenge(header), {
    realm,
    service: "registry.example",
    scope: "repository:m/n:pull,push",
  });
});

test("spaces, capitals, escapes and bare values are read", () => {
  assert.deepEqual(parseBearerChallenge(`BEARER Realm = "${realm}" , service=a , scope="a\\"b"`), {
    realm,
    service: "a",
    scope: 'a"b',
  });
});

test("it is found after another challenge", () => {
  const found = parseBearerChallenge(`Basic realm="x", Bearer realm="${realm}"`);
  assert.deepEqual(found, { realm, service: undefined, scope: undefined });
});

test("what is no Bearer challenge is none", () => {
  for (const header of ["", 'Basic realm="x"', "Bearer", "Bearer service=a", "Negotiate"]) {
    assert.equal(parseBearerChallenge(header), undefined, header);
  }
});

test("any header is read without harm", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseBearerChallenge(`Bearer ${text}`);
    }),
  );
  const long = `Bearer realm="${"\\".repeat(10_000)}`;
  // Processor time, which others who keep the machine busy do not lengthen.
  const started = process.cpuUsage();
  parseBearerChallenge(long);
  assert.ok(process.cpuUsage(started).user < 1e6, "the pattern backtracks");
});

test("a Basic challenge is found beside others", () => {
  for (const header of ["Basic realm=x", "basic", 'Bearer realm="https://a", Basic realm="b"', "Basic"]) {
    assert.equal(hasBasicChallenge(header), true, header);
  }
  for (const header of ["", 'Bearer realm="Basic"', 'Bearer realm="a basic one"', "Basically"]) {
    assert.equal(hasBasicChallenge(header), false, header);
  }
});
