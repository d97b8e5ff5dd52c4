import assert from "node:assert/strict";
import { test } from "node:test";
import { targetOf } from "./target.ts";

test("without a word the cluster is the demo's own", () => {
  assert.deepEqual(targetOf([]), { kind: "target", target: { kind: "own" } });
});

test("the current cluster is taken by its word alone, with a registry", () => {
  assert.deepEqual(targetOf(["--cluster=current", "--registry=registry.example.com:5000/team/a"]), {
    kind: "target",
    target: { kind: "current", registry: "registry.example.com:5000/team/a", plainHttp: false, yesUse: undefined },
  });
  assert.deepEqual(targetOf(["--cluster=current", "--registry=10.0.0.1:5000", "--plain-http", "--yes-use=kind-a"]), {
    kind: "target",
    target: { kind: "current", registry: "10.0.0.1:5000", plainHttp: true, yesUse: "kind-a" },
  });
});

const refused: readonly { readonly args: readonly string[]; readonly says: readonly RegExp[] }[] = [
  { args: ["--cluster=other", "--registry=a.b"], says: [/^--cluster=other: only current is known/] },
  { args: ["--cluster=current"], says: [/^--cluster=current needs --registry/] },
  { args: ["--cluster=other"], says: [/only current/, /needs --registry/] },
  { args: ["--cluster=current", "--registry=https://a.b"], says: [/^--registry=https:\/\/a\.b: give HOST/] },
  { args: ["--cluster=current", "--registry=a.b/"], says: [/^--registry=a\.b\/: give HOST/] },
  { args: ["--registry=a.b"], says: [/^--registry needs --cluster=current/] },
  { args: ["--plain-http", "--yes-use=a"], says: [/^--plain-http needs/, /^--yes-use needs/] },
  { args: ["--context=a"], says: [/--context/] },
];

for (const { args, says } of refused) {
  test(`${args.join(" ")} is refused`, () => {
    const result = targetOf(args);
    assert.equal(result.kind, "errors");
    const errors = result.kind === "errors" ? result.errors : [];
    assert.equal(errors.length, says.length);
    for (const [index, pattern] of says.entries()) assert.match(errors[index] ?? "", pattern);
  });
}
