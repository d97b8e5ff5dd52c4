import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readCorsOrigins } from "./cors-origins.ts";

describe("an origin is read as browsers write it", () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ["", []],
    [" , ", []],
    ["*", ["*"]],
    ["null", ["null"]],
    ["https://app.example.com", ["https://app.example.com"]],
    [" https://a.example , http://b.example:8080 ", ["https://a.example", "http://b.example:8080"]],
    ["HTTPS://App.Example.com:443", ["https://app.example.com"]],
    ["http://a:80,http://a:443", ["http://a", "http://a:443"]],
    ["http://[::1]:3000", ["http://[::1]:3000"]],
    ["https://bücher.example", ["https://xn--bcher-kva.example"]],
    ["https://a.example,https://A.example", ["https://a.example"]],
    ["chrome-extension://Abcdef", ["chrome-extension://abcdef"]],
    ["capacitor://localhost", ["capacitor://localhost"]],
  ];
  for (const [text, origins] of table) {
    test(JSON.stringify(text), () => assert.deepEqual(readCorsOrigins(text), { ok: true, origins }));
  }
});

describe("what is no origin is refused with its value", () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ["app.example.com", /"app\.example\.com"; an origin is scheme:\/\/host/],
    ["https://a.example/", /"https:\/\/a\.example\/".*without a path/],
    ["https://a.example/app", /without a path/],
    ["https://a.example?x", /has the entry/],
    ["https://user@a.example", /has the entry/],
    ["https://*.example.com", /has the entry/],
    ["https://a.example https://b.example", /has the entry/],
    ["https://a.example:port", /has the entry/],
    ["https://", /has the entry/],
    ["file:///home", /has the entry/],
    ["NULL", /has the entry/],
    ["*,https://a.example", /beside "\*"/],
    [Array.from({ length: 65 }, (_, index) => `https://a${index}.example`).join(), /65 entries; at most 64/],
    [`https://${"a".repeat(500)}/`, /has the entry "https:\/\/a{72}"/],
  ];
  for (const [text, message] of table) {
    test(text.slice(0, 60), () => {
      const read = readCorsOrigins(text);
      assert.ok(!read.ok);
      assert.match(read.mistake, message);
    });
  }
});
