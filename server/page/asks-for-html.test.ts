import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { asksForHtml } from "./asks-for-html.ts";

describe("HTML is for who asks for it by name", () => {
  const table: readonly (readonly [string | undefined, boolean])[] = [
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true],
    ["application/json, Text/HTML;q=0.1", true],
    ["text/html; charset=utf-8 ; q=0.001", true],
    ["application/xhtml+xml", true],
    ["text/html;q=00", true],
    [undefined, false],
    ["", false],
    ["*/*", false],
    ["text/*", false],
    ["application/json", false],
    ["text/html;q=0", false],
    ["text/html ; q=0.000 , */*", false],
    ["text/html;level=1;q=0", false],
    ["text/html5", false],
    ["x-text/html", false],
  ];
  for (const [accept, is] of table) test(String(accept), () => assert.equal(asksForHtml(accept), is));

  test("a header of 16 KiB takes no time", () => {
    for (const part of ["text/html;", "text/html ", " ,", ";q=0;", "text/html;q=0,"]) {
      const started = process.cpuUsage();
      asksForHtml(part.repeat(16_384 / part.length));
      assert.ok(process.cpuUsage(started).user < 1_000_000, part);
    }
  });
});
