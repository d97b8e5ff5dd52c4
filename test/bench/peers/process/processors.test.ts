import assert from "node:assert/strict";
import { test } from "node:test";
import { onProcessors, parseProcessorList } from "./processors.ts";

for (const { text, processors } of [
  { text: "0", processors: [0] },
  { text: "0-2,5,7-8", processors: [0, 1, 2, 5, 7, 8] },
  { text: "", processors: [] },
])
  test(`"${text}" as a list of processors`, () => assert.deepEqual(parseProcessorList(text), processors));

test("a pinned command is the command with its own words and environment, after taskset's", () => {
  const command = { program: "node", parameters: ["a", "b"], environment: { KEY: "value" } };
  assert.deepEqual(onProcessors([0, 3], command), {
    program: "taskset",
    parameters: ["--cpu-list", "0,3", "node", "a", "b"],
    environment: { KEY: "value" },
  });
});
