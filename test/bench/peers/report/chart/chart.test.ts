import assert from "node:assert/strict";
import { test } from "node:test";
import { chartOf } from "./chart.ts";
import { cellOf, facts } from "../fixtures.ts";

/** Where the dot of a product stands in the one panel that there is. */
function dotOf(svg: string, product: string): number {
  const found = new RegExp(`<title>${product}[^<]*</title><circle class="dot" cx="([\\d.]+)"`).exec(svg)?.[1];
  assert.ok(found !== undefined, `no dot of ${product}`);
  return Number(found);
}

test("each doubling is as far from the one before, and faster is further to the right", () => {
  const svg = chartOf(
    [cellOf({ perSecond: 500 }), cellOf({ peer: "node", perSecond: 1000 }), cellOf({ peer: "triton", perSecond: 250 })],
    facts,
    [],
  );
  const [slow, middle, fast] = [dotOf(svg, "Triton"), dotOf(svg, "Slipway"), dotOf(svg, "the floor")];
  assert.ok(slow < middle && middle < fast);
  assert.ok(Math.abs(fast - middle - (middle - slow)) < 0.2);
});

test("every tag is closed, and names cannot break the picture", () => {
  const [first] = facts;
  assert.ok(first !== undefined);
  const odd = { ...first, name: "a<b>&c", product: "a<b>&c", kind: "product" } as const;
  const svg = chartOf([cellOf({}), cellOf({ peer: odd.name })], [...facts, odd], ["<b>"]);
  assert.ok(!svg.includes("a<b>"));
  assert.ok(svg.includes("a&lt;b&gt;&amp;c"));
  const open: string[] = [];
  for (const [, close, name = "", self] of svg.matchAll(/<(\/?)(\w+)(?:"[^"]*"|[^">])*?(\/?)>/g)) {
    if (close === "/") assert.equal(open.pop(), name);
    else if (self === "") open.push(name);
  }
  assert.deepEqual(open, []);
});

test("the floor is on the scale though nobody is near it, and nothing is drawn outside of a panel", () => {
  const svg = chartOf([cellOf({ perSecond: 1e-6 }), cellOf({ peer: "node", perSecond: 1000 })], facts, []);
  assert.equal(dotOf(svg, "Slipway"), 0);
  assert.ok(svg.includes('class="one"'));
});

test("nothing measured is an empty picture, not an error", () => {
  assert.match(chartOf([], facts, []), /<\/svg>\n$/);
});

test("the caption stands below the panels, within the picture, a line below the other", () => {
  const svg = chartOf([cellOf({ perSecond: 25_300 }), cellOf({ peer: "node" })], facts, ["a machine", "a day"]);
  const height = Number(/viewBox="0 0 \d+ (\d+)"/.exec(svg)?.[1]);
  const [machine = 0, day = 0] = ["a machine", "a day"].map((line) =>
    Number(new RegExp(`y="(\\d+)">${line}</text>`).exec(svg)?.[1]),
  );
  assert.ok(machine < day && day < height, `${machine} ${day} ${height}`);
  assert.ok(svg.includes(">25,300</text>"));
  assert.ok(svg.includes(">iris: MLP 4-16-3</text>"));
});
