import assert from "node:assert/strict";
import { test } from "node:test";
import { expectedMinutes } from "./expected-minutes.ts";
import { benchModels } from "./model.ts";
import { type Options, readOptions } from "./options.ts";
import { benchPeers } from "./peers.ts";
import { figurePeers, wantedPeers } from "./wanted-peers.ts";

const all = benchPeers({ image: { command: [], environment: {} }, folder: "" });
const names = { peers: all.map(({ name }) => name), models: benchModels().map(({ name }) => name) };

function optionsOf(...words: readonly string[]): Options {
  const result = readOptions(words, names, "/cache");
  assert.ok(result.ok);
  return result.options;
}

function minutesOf(options: Options): number {
  const peers = wantedPeers(all, options);
  const models = benchModels().filter(({ name }) => options.models.length === 0 || options.models.includes(name));
  return expectedMinutes(peers, figurePeers(peers, options), models, options);
}

test("a quick run takes about half an hour, a whole one hours", () => {
  const quick = minutesOf(optionsOf("--quick"));
  assert.ok(quick > 15 && quick < 32, `${quick} minutes`);
  const whole = minutesOf(optionsOf());
  assert.ok(whole > 90 && whole < 240, `${whole} minutes`);
});

test("one cell of two peers takes less than a minute, and windows count by their length", () => {
  const cell = ["--only", "slipway,node", "--models", "iris", "--protocols", "json", "--connections", "8"];
  const words = [...cell, "--parts", "cells", "--pairs", "1"];
  const short = minutesOf(optionsOf(...words, "--seconds", "1"));
  assert.ok(short < 1);
  // Two peers and three rows of raw.
  assert.ok(Math.abs(minutesOf(optionsOf(...words, "--seconds", "61")) - short - 5) < 1e-9);
});

test("batching is not asked with one connection, nor with a model that does not batch", () => {
  const only = ["--only", "triton-batch", "--protocols", "json", "--parts", "cells", "--pairs", "1"];
  const minutes = (model: string, connections: string): number =>
    minutesOf(optionsOf(...only, "--models", model, "--connections", connections, "--seconds", "60"));
  assert.ok(minutes("iris", "1") < minutes("iris", "8"));
  assert.ok(minutes("silero", "8") < minutes("iris", "8"));
});
