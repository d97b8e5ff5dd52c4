import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type CompressionMode, answerCoding } from "./answer-coding.ts";

function told(acceptEncoding: string | undefined, mode: CompressionMode): string {
  const found = answerCoding(acceptEncoding, mode);
  if (found === undefined || found === "identity") return String(found);
  return found.isDemanded ? `${found.coding}!` : found.coding;
}

describe("accept-encoding", () => {
  const table: readonly (readonly [string | undefined, chosen: string, any: string, none: string])[] = [
    [undefined, "identity", "identity", "identity"],
    ["", "identity", "identity", "identity"],
    ["identity", "identity", "identity", "identity"],
    // tritonclient, Go.
    ["gzip", "gzip", "gzip", "identity"],
    ["deflate", "deflate", "deflate", "identity"],
    [" ZSTD ", "zstd", "zstd", "identity"],
    ["x-gzip", "gzip", "gzip", "identity"],
    ["gzip;q=0.5, identity;q=0.1", "gzip", "gzip", "identity"],
    ["gzip;q=0.1, identity;q=0.5", "identity", "identity", "identity"],
    ["gzip, deflate;q=0", "gzip", "gzip", "identity"],
    // requests, httpx, browsers.
    ["gzip, deflate", "identity", "gzip", "identity"],
    ["gzip, deflate, br, zstd", "identity", "zstd", "identity"],
    ["gzip, br", "identity", "gzip", "identity"],
    ["gzip;q=1.0, zstd;q=0.5", "identity", "gzip", "identity"],
    ["*", "identity", "zstd", "identity"],
    ["*, zstd;q=0", "identity", "gzip", "identity"],
    ["br", "identity", "identity", "identity"],
    ["gzip;q=0", "identity", "identity", "identity"],
    ["gzip, identity;q=0", "gzip!", "gzip!", "undefined"],
    ["*;q=0, gzip", "gzip!", "gzip!", "undefined"],
    ["gzip, deflate, identity;q=0.000", "gzip!", "gzip!", "undefined"],
    ["identity;q=0", "undefined", "undefined", "undefined"],
    ["*;q=0", "undefined", "undefined", "undefined"],
    ["br, identity;q=0", "undefined", "undefined", "undefined"],
    ["identity;q=0.1, *;q=0", "identity", "identity", "identity"],
    // Malformed entries are read past.
    ["gzip;q=2", "identity", "identity", "identity"],
    ["gzip;q=0.1234, deflate", "deflate", "deflate", "identity"],
    ["gz ip, zstd", "zstd", "zstd", "identity"],
  ];
  for (const [header, chosen, any, none] of table) {
    test(String(header), () => {
      assert.deepEqual([told(header, "chosen"), told(header, "any"), told(header, "none")], [chosen, any, none]);
    });
  }
});
