import assert from "node:assert/strict";
import { test } from "node:test";
import { anonymousBytes, privateMemoryBytes } from "./private-memory.ts";

test("what is the process's own is read from what the kernel says", () => {
  assert.equal(anonymousBytes("VmRSS:\t   90000 kB\nRssAnon:\t   12345 kB\nRssFile:\t   77655 kB\n"), 12_345 * 1024);
  assert.equal(anonymousBytes("Name:\tRssAnon: 1 kB\n"), undefined);
  assert.equal(anonymousBytes(""), undefined);
});

test("it grows with what the process touches", () => {
  const bytes = 64 * 1024 * 1024;
  const before = privateMemoryBytes();
  const own = Buffer.alloc(bytes, 1);
  assert.ok(privateMemoryBytes() - before > 0.9 * bytes);
  assert.equal(own.at(-1), 1);
});
