import assert from "node:assert/strict";
import { test } from "node:test";
import { releaseOptions } from "./options.ts";

const registry = "registry.example.com/team";

test("a registry is enough", () => {
  assert.deepEqual(releaseOptions([`--registry=${registry}`], {}), {
    kind: "options",
    options: { registry, plainHttp: false, key: undefined, uncommitted: false },
  });
});

test("every option reaches the release", () => {
  const all = ["--registry=127.0.0.1:5000", "--plain-http", "--key=cosign.key", "--uncommitted"];
  assert.deepEqual(releaseOptions(all, { COSIGN_PASSWORD: "" }), {
    kind: "options",
    options: { registry: "127.0.0.1:5000", plainHttp: true, key: "cosign.key", uncommitted: true },
  });
});

test("a key that a KMS keeps needs no password", () => {
  assert.equal(releaseOptions([`--registry=${registry}`, "--key=awskms:///alias/release"], {}).kind, "options");
});

test("help is help, whatever else is said", () => {
  assert.deepEqual(releaseOptions(["--help"], {}), { kind: "help" });
});

const mistakes: readonly { readonly args: readonly string[]; readonly messages: readonly RegExp[] }[] = [
  { args: [], messages: [/--registry is missing.*registry\.example\.com/] },
  { args: ["--registry=https://registry.example.com"], messages: [/give HOST\[:PORT\]\[\/PATH\]/] },
  { args: [`--registry=${registry}`, "--key=cosign.key"], messages: [/cosign\.key.*export COSIGN_PASSWORD/] },
  { args: ["--key=cosign.key"], messages: [/--registry is missing/, /COSIGN_PASSWORD/] },
  { args: ["--registy=a"], messages: [/--registy/] },
];

for (const { args, messages } of mistakes) {
  test(`"${args.join(" ")}" is refused with what to do`, () => {
    const result = releaseOptions(args, {});
    assert.ok(result.kind === "errors");
    assert.equal(result.errors.length, messages.length);
    for (const [index, message] of messages.entries()) assert.match(result.errors[index] ?? "", message);
  });
}
