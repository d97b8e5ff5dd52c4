import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { componentNames } from "./component-names.ts";

describe("a tensor's name becomes one that OpenAPI and generators take", () => {
  const table: readonly (readonly [readonly string[], readonly string[]])[] = [
    [["x"], ["InputX"]],
    [
      ["input.1", "/encoder/layer.0/out:0"],
      ["InputInput1", "InputEncoderLayer0Out0"],
    ],
    [
      ["a b", "a_b", "A-B"],
      ["InputAB", "InputAB_2", "InputAB_3"],
    ],
    [
      ["特徴", "", "é"],
      ["Input_1", "Input_2", "Input_3"],
    ],
    [
      ["a", "A_2", "A"],
      ["InputA", "InputA2", "InputA_3"],
    ],
    [["x".repeat(500)], [`InputX${"x".repeat(63)}`]],
  ];
  for (const [names, expected] of table) {
    test(names.join(" ").slice(0, 60), () => assert.deepEqual(componentNames("Input", names), expected));
  }

  test("whatever they are, each has one of its own", () => {
    const part = fc.constantFrom("a", "A", "_", "_2", "2", "-", "é", "/");
    const name = fc.array(part, { maxLength: 4 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 30 }), (names) => {
        const given = componentNames("In", names);
        assert.equal(given.length, names.length);
        assert.equal(new Set(given.map((one) => one.toLowerCase())).size, names.length);
        for (const one of given) assert.match(one, /^[a-zA-Z0-9_]+$/);
      }),
    );
  });
});
