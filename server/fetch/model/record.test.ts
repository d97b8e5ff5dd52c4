import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDemand, checkDigest } from "./record.ts";

const [a, b, c] = ["a", "b", "c"].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string, string];

/** digest, recorded, found, what `checkDemand` and what `checkDigest` say. */
const cases: readonly [string | undefined, string | undefined, string, RegExp | undefined, RegExp | undefined][] = [
  [undefined, undefined, a, undefined, undefined],
  [a, undefined, a, undefined, undefined],
  [undefined, a, a, undefined, undefined],
  [a, a, a, undefined, undefined],
  [b, undefined, a, undefined, /^DigestMismatch: .*gives sha256:a+, but the entry demands sha256:b+/],
  [
    undefined,
    b,
    a,
    undefined,
    /^VersionReused: .*v7 was first resolved to sha256:b+, and its uri now gives sha256:a+.*new version name/,
  ],
  [
    a,
    b,
    a,
    /^VersionReused: .*stood for sha256:b+ since its first use, and the entry now demands sha256:a+/,
    /^VersionReused/,
  ],
  [b, b, a, undefined, /^DigestMismatch/],
  [b, c, a, /^VersionReused/, /^DigestMismatch/],
];

for (const [digest, recordedDigest, found, demand, judgement] of cases) {
  test(`demanded ${digest?.slice(7, 8)}, recorded ${recordedDigest?.slice(7, 8)}, found ${found.slice(7, 8)}`, () => {
    const expected = { version: "v7", digest, recordedDigest };
    assertSays(() => checkDemand(expected), demand);
    assertSays(() => checkDigest(expected, found), judgement);
  });
}

function assertSays(check: () => void, says: RegExp | undefined): void {
  if (says === undefined) assert.doesNotThrow(check);
  else assert.throws(check, says);
}
