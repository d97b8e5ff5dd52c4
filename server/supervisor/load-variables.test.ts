import assert from "node:assert/strict";
import { test } from "node:test";
import { loadVariables } from "./load-variables.ts";

const mebibyte = 1024 ** 2;

test("large models are loaded into large pages, small ones are not, and whoever has set tunables keeps them", () => {
  const large = { A: "b", GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" };
  const own = { GLIBC_TUNABLES: "glibc.malloc.arena_max=1" };
  for (const [variables, bytes, expected] of [
    [{ A: "b" }, 32 * mebibyte, large],
    [{ A: "b" }, 32 * mebibyte - 1, { A: "b" }],
    [own, 1024 * mebibyte, own],
    [{ GLIBC_TUNABLES: "" }, 1024 * mebibyte, { GLIBC_TUNABLES: "" }],
  ] as const) {
    assert.deepEqual(loadVariables(variables, bytes), expected);
  }
});
