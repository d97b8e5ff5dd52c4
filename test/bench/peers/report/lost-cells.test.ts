import assert from "node:assert/strict";
import { test } from "node:test";
import { cellOf, facts } from "./fixtures.ts";
import { compareCells, isLostByCpu, isLostByRate } from "./lost-cells.ts";

test("the default start is compared with every floor and product of its cell, never with another start of itself", () => {
  const cells = [
    cellOf({}),
    cellOf({ peer: "slipway-w1" }),
    cellOf({ peer: "node" }),
    cellOf({ peer: "node", connections: 1 }),
    cellOf({ peer: "node", protocol: "binary" }),
    cellOf({ peer: "node", model: "mlp" }),
    cellOf({ peer: "triton-batch" }),
  ];
  const compared = compareCells(cells, facts).map(({ ours, theirs }) => [ours.peer, theirs.peer, theirs.connections]);
  assert.deepEqual(compared, [
    ["slipway", "node", 8],
    ["slipway", "triton-batch", 8],
  ]);
});

for (const { cpuMs, perSecond, isLost } of [
  { cpuMs: 0.11, perSecond: 900, isLost: { cpu: false, rate: false } },
  { cpuMs: 0.111, perSecond: 1000, isLost: { cpu: true, rate: false } },
  { cpuMs: 0.05, perSecond: 899, isLost: { cpu: false, rate: true } },
]) {
  test(`${cpuMs} ms and ${perSecond}/s against 0.1 ms and 1000/s`, () => {
    const [comparison] = compareCells([cellOf({ cpuMs, perSecond }), cellOf({ peer: "node" })], facts);
    assert.ok(comparison !== undefined);
    assert.deepEqual({ cpu: isLostByCpu(comparison), rate: isLostByRate(comparison) }, isLost);
  });
}
