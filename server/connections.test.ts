import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { describe, test } from "node:test";
import { createConnections } from "./connections.ts";
import type { ServerState } from "./state.ts";

function socket(): Socket {
  return new EventEmitter() as Socket;
}

function serving(): ServerState {
  return { phase: "serving", inService: true, model: undefined };
}

describe("an answer is the last on its connection", () => {
  test("when the connection is older than its age, which varies by ten percent", () => {
    for (const [random, age] of [
      [0, 270_000],
      [0.5, 300_000],
      [1, 330_000],
    ] as const) {
      let time = 1000;
      const connections = createConnections(
        { maximumAgeSeconds: 300, now: () => time, random: () => random },
        serving(),
      );
      const one = socket();
      connections.open(one);
      time += age - 1;
      assert.equal(connections.isLastAnswer(one), false);
      time += 1;
      assert.equal(connections.isLastAnswer(one), true);
    }
  });

  test("while the pod is out of service, drains or has failed", () => {
    const state = serving();
    const connections = createConnections({ maximumAgeSeconds: 300, now: () => 0, random: () => 0.5 }, state);
    const one = socket();
    connections.open(one);
    assert.equal(connections.isLastAnswer(one), false);
    state.inService = false;
    assert.equal(connections.isLastAnswer(one), true);
    state.inService = true;
    assert.equal(connections.isLastAnswer(one), false);
    for (const phase of ["draining", "failed"] as const) {
      state.phase = phase;
      assert.equal(connections.isLastAnswer(one), true);
    }
  });
});

test("requests under way are counted, by connection and together, and connections until they close", () => {
  const connections = createConnections({ maximumAgeSeconds: 300, now: () => 0, random: () => 0.5 }, serving());
  const [one, two] = [socket(), socket()];
  connections.open(one);
  connections.open(two);
  connections.requestBegun(one);
  assert.deepEqual([connections.isBusy(one), connections.isBusy(two), connections.inFlight()], [true, false, 1]);
  one.emit("close");
  assert.deepEqual([connections.count(), connections.inFlight()], [1, 1]);
  connections.requestEnded(one);
  assert.equal(connections.inFlight(), 0);
});
