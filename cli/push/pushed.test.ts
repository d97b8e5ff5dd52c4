import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "js-yaml";
import fc from "fast-check";
import { styleOf } from "../text/style.ts";
import { modelSchema } from "../plan/schema.ts";
import { validate } from "../plan/validate.ts";
import { type Pushed, pushedJson, pushedText, versionEntry, versionName } from "./pushed.ts";

const digest = `sha256:${"1".repeat(64)}`;
const pushed: Pushed = {
  uri: "oci://registry.test/models/digits:1.0",
  tag: "1.0",
  digest,
  replaced: undefined,
  files: [
    { name: "model.onnx", digest, size: 2048, wasThere: false },
    { name: "weights.bin", digest, size: 5, wasThere: true },
  ],
};

test("the entry to paste is YAML that the CRD takes, whatever the tag", async () => {
  const schema = await modelSchema(new URL("../../", import.meta.url));
  const entries = schema.properties?.["spec"]?.properties?.["versions"]?.items;
  assert.ok(entries !== undefined);
  // OCI distribution-spec 1.1, "Pulling Manifests".
  const tags = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/);
  fc.assert(
    fc.property(tags, (tag) => {
      const [entry] = load(versionEntry({ ...pushed, tag })) as [{ uri: string; digest: string }];
      assert.deepEqual(validate(entry, entries, ""), []);
      assert.deepEqual([entry.uri, entry.digest], [pushed.uri, digest]);
    }),
  );
});

test("a version is named as the tag, where a version may be", () => {
  assert.deepEqual(["1", "1.0-rc.1", "_1_", "latest", "___"].map(versionName), ["1", "1.0-rc.1", "1", "latest", "v1"]);
});

test("what was there already is told apart", () => {
  const text = pushedText(pushed, styleOf(false));
  assert.match(text, /^model\.onnx {3}2\.0 KiB {2}pushed$/m);
  assert.match(text, /^weights\.bin {2}5 B {6}was there$/m);
  assert.match(text, /^digest {2}sha256:1{64}$/m);
  assert.doesNotMatch(text, /named .* before/);
});

test("a tag that is moved is warned about", () => {
  const text = pushedText({ ...pushed, replaced: `sha256:${"2".repeat(64)}` }, styleOf(false));
  assert.match(text, /The tag 1\.0 named sha256:2{64} before\.\n.*VersionReused/);
});

test("programs get the digest, the entry and the files", () => {
  const json = JSON.parse(pushedJson(pushed)) as Record<string, unknown>;
  assert.deepEqual(json["version"], { name: "1.0", uri: pushed.uri, digest });
  assert.deepEqual([json["digest"], json["replaced"]], [digest, null]);
});
