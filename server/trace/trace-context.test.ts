import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readTraceContext } from "./trace-context.ts";

const trace = "0af7651916cd43dd8448eb211c80319c";
const parent = "b7ad6b7169203331";
const good = `00-${trace}-${parent}-01`;

describe("traceparent is read", () => {
  const table: readonly (readonly [string, boolean])[] = [
    [good, true],
    [`00-${trace}-${parent}-00`, false],
    [`00-${trace}-${parent}-ff`, true],
    [`00-${trace}-${parent}-fe`, false],
    [` ${good}\t`, true],
    [`cc-${trace}-${parent}-01`, true],
    [`cc-${trace}-${parent}-01-what-the-future-will-be-like`, true],
    [`cc-${trace}-${parent}-01-`, true],
  ];
  for (const [text, isSampled] of table) {
    test(text, () =>
      assert.deepEqual(readTraceContext(text, undefined), {
        traceId: trace,
        parentId: parent,
        isSampled,
        traceState: "",
      }),
    );
  }
});

describe("a malformed traceparent is as if there were none", () => {
  const table: readonly (string | undefined)[] = [
    undefined,
    "",
    `ff-${trace}-${parent}-01`,
    `0-${trace}-${parent}-01`,
    `.0-${trace}-${parent}-01`,
    `000-${trace}-${parent}-01`,
    `00-${"0".repeat(32)}-${parent}-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${parent}-01`,
    `00-${trace.slice(1)}-${parent}-01`,
    `00-${trace}0-${parent}-01`,
    `00-${trace}-${parent.slice(1)}-01`,
    `00-${trace}-${parent}-1`,
    `00-${trace}-${parent}-0g`,
    `00-${trace}-${parent}`,
    `${good}-`,
    `${good}-more`,
    `cc-${trace}-${parent}-01.more`,
    `${good}, ${good}`,
    good.replaceAll("-", "_"),
  ];
  for (const text of table) {
    test(String(text), () => assert.equal(readTraceContext(text, "a=1"), undefined));
  }
});

describe("tracestate", () => {
  const table: readonly (readonly [string, boolean])[] = [
    ["a=1", true],
    ["a=1,b=2 , c= 3", true],
    ["foo@bar=1,foo-_*/bar=x y", true],
    ["0tenant@sys=1", true],
    ["a=1,,b=2", true],
    [`${"z".repeat(256)}=1`, true],
    [`${"t".repeat(241)}@${"v".repeat(14)}=1`, true],
    [`a=${"v".repeat(256)}`, true],
    [Array.from({ length: 32 }, (_, index) => `k${index}=1`).join(), true],
    ["a=1,a=2", false],
    ["A=1", false],
    ["a", false],
    ["=1", false],
    ["a=", false],
    ["a=1=2", false],
    ["0a=1", false],
    ["a@=1", false],
    ["a@b@c=1", false],
    [`${"z".repeat(257)}=1`, false],
    [`a@${"v".repeat(15)}=1`, false],
    [`${"t".repeat(242)}@v=1`, false],
    [`a=${"v".repeat(257)}`, false],
    ["a=é", false],
    [Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(), false],
  ];
  for (const [text, isKept] of table) {
    test(`${text.slice(0, 40)} is ${isKept ? "kept" : "left out"}`, () => {
      assert.equal(readTraceContext(good, text)?.traceState, isKept ? text : "");
    });
  }
});
