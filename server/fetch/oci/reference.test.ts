import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { isFailure } from "../failure.ts";
import { apiHost, parseReference, type Reference, showReference } from "./reference.ts";

const digest = `sha256:${"0f".repeat(32)}`;

const parsed: readonly [string, Reference][] = [
  [
    "oci://registry.example/models/m:1.0",
    { registry: "registry.example", repository: "models/m", tag: "1.0", digest: undefined },
  ],
  ["oci://registry.example/m", { registry: "registry.example", repository: "m", tag: "latest", digest: undefined }],
  [
    "oci://LOCALHOST:5000/a-b/c__d:V_1",
    { registry: "localhost:5000", repository: "a-b/c__d", tag: "V_1", digest: undefined },
  ],
  ["oci://[::1]:5000/m:1", { registry: "[::1]:5000", repository: "m", tag: "1", digest: undefined }],
  [`oci://registry.example/m@${digest}`, { registry: "registry.example", repository: "m", tag: "latest", digest }],
  [`oci://registry.example/m:1@${digest}`, { registry: "registry.example", repository: "m", tag: "1", digest }],
  // Docker Hub keeps what has no owner under library/.
  ["oci://docker.io/m:1", { registry: "docker.io", repository: "library/m", tag: "1", digest: undefined }],
  ["oci://docker.io/team/m:1", { registry: "docker.io", repository: "team/m", tag: "1", digest: undefined }],
  [
    "oci://index.docker.io/m",
    { registry: "index.docker.io", repository: "library/m", tag: "latest", digest: undefined },
  ],
];
for (const [uri, reference] of parsed) test(uri, () => assert.deepEqual(parseReference(uri), reference));

const refused: readonly [string, RegExp][] = [
  ["oci://", /names no repository/],
  ["oci://registry.example", /names no repository/],
  ["oci:///m:1", /names no repository/],
  ["oci://registry.example/", /repository that is not/],
  ["oci://registry.example/M:1", /lower-case/],
  ["oci://registry.example/a//b", /repository that is not/],
  ["oci://registry.example/../m:1", /repository that is not/],
  ["oci://registry.example/m:", /has the tag ""/],
  ["oci://registry.example/m:a b", /has the tag "a b"/],
  ["oci://registry.example/m?x=1", /repository that is not/],
  ["oci://registry.example:port/m", /no valid host/],
  ["oci://registry.example/m@sha256:12", /64 hex digits/],
  ["oci://registry.example/m@md5:12", /64 hex digits/],
];
for (const [uri, message] of refused) {
  test(`${uri} is refused`, () => assert.throws(() => parseReference(uri), { name: "UnsupportedSource", message }));
}

test("a password is not repeated", () => {
  assert.throws(
    () => parseReference("oci://me:secret@registry.example/m:1"),
    (error) => isFailure(error) && !error.message.includes("secret") && /user name or password/.test(error.message),
  );
});

test("any text is parsed or refused", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.webUrl(), fc.string({ unit: fc.constantFrom("a", "/", ":", "@", ".", "-", "_") })),
      (text) => {
        try {
          const reference = parseReference(`oci://${text}`);
          return parseReference(`oci://${showReference(reference)}`).repository === reference.repository;
        } catch (error) {
          return isFailure(error);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("Docker Hub's API is not at the name that it goes by", () => {
  assert.equal(apiHost("docker.io"), "registry-1.docker.io");
  assert.equal(apiHost("index.docker.io"), "registry-1.docker.io");
  assert.equal(apiHost("docker.io.example"), "docker.io.example");
});
