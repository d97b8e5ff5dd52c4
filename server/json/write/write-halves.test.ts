/// <reference lib="esnext.float16" />
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSheet, elementBytes } from "./sheet.ts";
import { flawOf, halfForm } from "./test-shortest.ts";
import { writeHalves } from "./write-halves.ts";

test("every half has the fewest digits that are read as it, and of those the closest", () => {
  const halves = new Float16Array(Uint16Array.from({ length: 2 ** 16 }, (_, word) => word).buffer);
  const sheet = createSheet(halves.length * elementBytes);
  const end = writeHalves(sheet, 0, halves, 0, halves.length);
  const texts = sheet.bytes.toString("latin1", 0, end).split(",");
  assert.equal(texts.length, halves.length);
  for (const [word, text] of texts.entries()) {
    const value = halves[word] as number;
    if (Number.isNaN(value)) assert.equal(text, '"NaN"');
    else if (value === 0) assert.equal(text, Object.is(value, -0) ? "-0.0" : "0");
    else if (!Number.isFinite(value)) assert.equal(text, `"${value}"`);
    else if (value < 0) assert.equal(text, `-${texts[word & 0x7fff]}`);
    else assert.equal(flawOf(text, value, halfForm), undefined, `${text} for ${value}`);
  }
});

test("only the elements asked for are written", () => {
  const sheet = createSheet(100);
  const end = writeHalves(sheet, 0, Float16Array.of(1, 0.1, -65504, 3), 1, 3);
  assert.equal(sheet.bytes.toString("latin1", 0, end), "0.1,-65504");
});
