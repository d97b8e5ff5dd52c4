import assert from "node:assert/strict";
import { test } from "node:test";
import { isProblem } from "../../errors.ts";
import { wantsReadyOnly } from "./repository-index.ts";

test("a request for the index says whether it wants ready models alone", () => {
  for (const [body, wanted] of [
    ["", false],
    ["{}", false],
    ['{"ready":null}', false],
    ['{"ready":false}', false],
    ['{"ready":true}', true],
    ['{"ready":true,"ready":false}', false],
    ['{"repository_name":"","ready":true}', true],
  ] as const) {
    assert.equal(wantsReadyOnly(Buffer.from(body)), wanted, body);
  }
});

test("and is refused when it says something else", () => {
  for (const [body, code] of [
    ['{"ready":"yes"}', "WrongField"],
    ['{"ready":[true]}', "WrongField"],
    ["[]", "WrongField"],
    ["{", "NotJson"],
    [`{"ready":${"[".repeat(100)}`, "TooDeep"],
  ] as const) {
    const refused = wantsReadyOnly(Buffer.from(body));
    assert.ok(isProblem(refused), body);
    assert.equal(refused.code, code);
  }
});
