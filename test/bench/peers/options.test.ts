import assert from "node:assert/strict";
import { test } from "node:test";
import { readOptions } from "./options.ts";

const names = { peers: ["slipway", "node", "triton"], models: ["iris", "mlp"] };

test("without words everything is measured, as the project's figures are", () => {
  const result = readOptions([], names, "/cache");
  assert.ok(result.ok);
  const { only, models, protocols, parts, connections, pairs, seconds, folder } = result.options;
  assert.deepEqual(
    { only, models, protocols, parts, connections, pairs, seconds, folder },
    {
      only: [],
      models: [],
      protocols: ["json", "binary", "grpc"],
      parts: ["cells", "order", "start", "health", "memory", "scaling"],
      connections: [1, 8, 32],
      pairs: 5,
      seconds: 2,
      folder: "/cache",
    },
  );
});

test("a quick run is shorter where its lengths are not given, and a whole one by default", () => {
  const lengthsOf = (...words: readonly string[]): readonly unknown[] => {
    const result = readOptions(words, names, "/cache");
    assert.ok(result.ok);
    return [result.options.quick, result.options.pairs, result.options.seconds];
  };
  assert.deepEqual(lengthsOf(), [false, 5, 2]);
  assert.deepEqual(lengthsOf("--quick"), [true, 2, 1]);
  assert.deepEqual(lengthsOf("--quick", "--pairs", "3", "--seconds", "4"), [true, 3, 4]);
});

test("lists keep the bench's order, whatever the order of the words", () => {
  const result = readOptions(["--only", "triton,slipway", "--connections", "32,1"], names, "/cache");
  assert.ok(result.ok);
  assert.deepEqual(result.options.only, ["slipway", "triton"]);
  assert.deepEqual(result.options.connections, [32, 1]);
});

test("every mistake is named, with what is allowed", () => {
  const words = ["--only", "torch", "--models", "iris,bert", "--pairs", "0", "--connections", "1,x"];
  const result = readOptions(words, names, "/cache");
  assert.ok(!result.ok);
  assert.deepEqual(result.mistakes, [
    "--only torch: known are slipway, node, triton",
    "--models bert: known are iris, mlp",
    "--connections x: a whole number from 1 to 256",
    "--pairs 0: a whole number from 1 to 100",
  ]);
});

test("an unknown flag is a mistake", () => {
  const result = readOptions(["--fast"], names, "/cache");
  assert.ok(!result.ok);
  assert.match(result.mistakes.join(), /--fast/);
});
