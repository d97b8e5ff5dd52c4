import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { TransportError } from "./errors.ts";
import { createLineSplitter } from "./lines.ts";

test("lines come out whole wherever the chunks are cut, inside a character too", () => {
  const line = fc.string({ unit: "binary", minLength: 1 }).filter((text) => !text.includes("\n"));
  fc.assert(
    fc.property(
      fc.array(line),
      fc.string({ unit: "grapheme" }),
      fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
      (lines, tail, sizes) => {
        const rest = tail.replaceAll("\n", "");
        const bytes = Buffer.from(lines.map((each) => `${each}\n`).join("") + rest);
        const splitter = createLineSplitter(1_000_000);
        const found: string[] = [];
        for (let start = 0; start < bytes.length; ) {
          const size = sizes.next().value;
          found.push(...splitter.push(bytes.subarray(start, start + size)));
          start += size;
        }
        // A lone surrogate has no UTF-8 form and was replaced when it was encoded.
        assert.deepEqual(
          found,
          lines.map((each) => Buffer.from(each).toString("utf8")),
        );
        assert.equal(splitter.rest(), Buffer.byteLength(rest));
      },
    ),
  );
});

test("empty lines are left out", () => {
  assert.deepEqual(createLineSplitter(10).push(Buffer.from("\na\n\n\nb\n")), ["a", "b"]);
});

test("a line above the bound is refused while it comes in, not when it ends", () => {
  const splitter = createLineSplitter(10);
  splitter.push(Buffer.from("0123456789\n01234"));
  assert.throws(
    () => splitter.push(Buffer.from("567890")),
    (error) => error instanceof TransportError && error.code === "TooLarge",
  );
});
