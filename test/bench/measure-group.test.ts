import assert from "node:assert/strict";
import { test } from "node:test";
import type { Figure } from "./figure.ts";
import { measureGroup } from "./measure-group.ts";

interface Ground {
  readonly base: number;
  stop(): Promise<void>;
}

const figures: readonly Figure<Ground>[] = [
  { name: "one", title: "one", target: "1", measure: async ({ base }) => ({ value: String(base + 1), detail: {} }) },
  { name: "broken", title: "broken", target: "", measure: () => Promise.reject(new Error("no answer")) },
  { name: "two", title: "two", target: "2", measure: async ({ base }) => ({ value: String(base + 2), detail: {} }) },
];

const options = { objects: 1_000, only: undefined, profile: undefined, report: () => undefined };

test("a figure that cannot be measured leaves the others, and the ground is cleared away", async () => {
  let stopped = 0;
  const stop = async (): Promise<void> => {
    stopped += 1;
  };
  const lines = await measureGroup({ group: "g", figures, start: async () => ({ base: 0, stop }), options });
  assert.deepEqual(
    lines.map(({ name, value, error }) => [name, value, error]),
    [
      ["one", "1", undefined],
      ["broken", "not measured", "no answer"],
      ["two", "2", undefined],
    ],
  );
  assert.equal(lines[0]?.command, "npx node test/bench/main.ts g --only one");
  assert.equal(stopped, 1);
});

test("without a ground every figure that is wanted says why", async () => {
  const start = (): Promise<Ground> => Promise.reject(new Error("no cluster"));
  const lines = await measureGroup({ group: "g", figures, start, options: { ...options, only: "two", objects: 100 } });
  assert.deepEqual(
    lines.map(({ name, error, command }) => ({ name, error, command })),
    [{ name: "two", error: "no cluster", command: "npx node test/bench/main.ts g --only two --objects 100" }],
  );
});
