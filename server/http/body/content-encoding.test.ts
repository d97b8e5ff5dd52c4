import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isProblem } from "../../errors.ts";
import { compressionOf } from "./content-encoding.ts";

describe("the name of a compression", () => {
  test("is known in any case; identity, nothing and empty parts are none", () => {
    for (const [name, expected] of [
      ["", undefined],
      ["identity", undefined],
      [" , identity", undefined],
      ["gzip", "gzip"],
      ["X-GZIP", "gzip"],
      ["deflate", "deflate"],
      ["identity, zstd", "zstd"],
    ] as const) {
      assert.equal(compressionOf(name), expected, name);
    }
  });

  test("that is not known, or one of several, is refused and named", () => {
    for (const name of ["br", "gzip, gzip", "compress", "gzipped"]) {
      const problem = compressionOf(name);
      assert.ok(isProblem(problem));
      assert.equal(problem.status, 415);
      assert.match(problem.message, new RegExp(`"${name}".*identity, gzip, x-gzip, deflate, zstd`));
    }
  });
});
