import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { type Build, buildType, provenance, sourceUri } from "./provenance.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const build: Build = {
  half: "server",
  repository: "registry.example.com/slipway/server",
  digest: `sha256:${"a".repeat(64)}`,
  version: "0.1.0",
  platform: "linux/amd64",
  source: { commit, uri: `git+https://git.example.com/slipway@${commit}`, uncommitted: false },
  lockSha256: "b".repeat(64),
  base: { name: "localhost/slipway-base:bookworm-1", digest: `sha256:${"c".repeat(64)}` },
  tools: { node: "24.21.0" },
  invocation: "5e9f7a3c-9f6b-4a57-8a2b-0d0c6c2f1a11",
  started: new Date("2026-11-27T12:00:00.123Z"),
  finished: new Date("2026-11-27T12:00:30.456Z"),
};

test("a statement is about the image that was pushed, and in the form of in-toto and SLSA", () => {
  const { predicate: _how, ...statement } = provenance(build);
  assert.deepEqual(statement, {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: build.repository, digest: { sha256: "a".repeat(64) } }],
    predicateType: "https://slsa.dev/provenance/v1",
  });
});

test("a statement says who built what from which source, lock file and base", () => {
  const { buildDefinition, runDetails } = provenance(build).predicate;
  assert.equal(buildDefinition.buildType, buildType);
  assert.deepEqual(buildDefinition.externalParameters, {
    image: "server",
    repository: "registry.example.com/slipway/server",
    version: "0.1.0",
  });
  assert.deepEqual(buildDefinition.resolvedDependencies, [
    { name: "source", uri: `git+https://git.example.com/slipway@${commit}`, digest: { gitCommit: commit } },
    { name: "package-lock.json", digest: { sha256: "b".repeat(64) } },
    { name: "localhost/slipway-base:bookworm-1", digest: { sha256: "c".repeat(64) } },
  ]);
  assert.equal(runDetails.builder.id, "https://slipway.dev/release/local");
  assert.deepEqual(runDetails.metadata, {
    invocationId: build.invocation,
    startedOn: "2026-11-27T12:00:00Z",
    finishedOn: "2026-11-27T12:00:30Z",
  });
});

test("a statement hides no uncommitted change, and names no address that there is none of", () => {
  const source = { commit, uri: undefined, uncommitted: true };
  assert.deepEqual(provenance({ ...build, source }).predicate.buildDefinition.resolvedDependencies[0], {
    name: "source",
    digest: { gitCommit: commit },
    annotations: { uncommittedChanges: true },
  });
});

test("builder and build type are explained where readers look", async () => {
  const page = await readFile(new URL("../docs/how-to/verify.md", import.meta.url), "utf8");
  const { runDetails } = provenance(build).predicate;
  for (const name of [buildType, runDetails.builder.id]) assert.ok(page.includes(`\`${name}\``), name);
});

const remotes: readonly { readonly remote: string; readonly uri: string | undefined }[] = [
  { remote: "https://git.example.com/team/slipway.git", uri: "git+https://git.example.com/team/slipway.git" },
  { remote: "https://user:token@git.example.com/slipway", uri: "git+https://git.example.com/slipway" },
  { remote: "ssh://git@git.example.com:2222/slipway", uri: "git+ssh://git.example.com:2222/slipway" },
  { remote: "git@git.example.com:team/slipway.git", uri: "git+ssh://git.example.com/team/slipway.git" },
  { remote: "/home/somebody/slipway", uri: undefined },
  { remote: "../slipway", uri: undefined },
  { remote: "file:///home/somebody/slipway", uri: undefined },
  { remote: "", uri: undefined },
];

for (const { remote, uri } of remotes) {
  test(`the remote "${remote}" is ${uri ?? "no address that others reach"}`, () => {
    assert.equal(sourceUri(remote, commit), uri === undefined ? undefined : `${uri}@${commit}`);
  });
}
