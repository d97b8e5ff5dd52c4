import assert from "node:assert/strict";
import { test } from "node:test";
import { benchPeers, leftOutQuickly } from "./peers.ts";
import { figurePeers, wantedPeers } from "./wanted-peers.ts";

const all = benchPeers({ image: { command: [], environment: {} }, folder: "" });

test("a whole run has every peer in every part", () => {
  const options = { only: [], quick: false };
  assert.deepEqual(wantedPeers(all, options), all);
  assert.deepEqual(figurePeers(all, options), all);
});

test("a quick one has every peer but one in the cells, and no product elsewhere", () => {
  const options = { only: [], quick: true };
  const left = all.filter((peer) => !wantedPeers(all, options).includes(peer)).map(({ name }) => name);
  assert.deepEqual(left, [leftOutQuickly]);
  const names = figurePeers(wantedPeers(all, options), options).map(({ name }) => name);
  assert.deepEqual(names, ["slipway", "node", "node-2"]);
});

test("who is named takes part, in the order of the bench, however quick it is", () => {
  const named = wantedPeers(all, { only: ["triton", leftOutQuickly], quick: true });
  assert.deepEqual(
    named.map(({ name }) => name),
    [leftOutQuickly, "triton"],
  );
});
