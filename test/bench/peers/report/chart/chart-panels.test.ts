import assert from "node:assert/strict";
import { test } from "node:test";
import { chartPanels } from "./chart-panels.ts";
import { cellOf, facts } from "../fixtures.ts";

test("a product stands by its best start, Slipway by its default one, the floor by its own best", () => {
  const cells = [
    cellOf({ perSecond: 500 }),
    cellOf({ peer: "slipway-w1", perSecond: 900 }),
    cellOf({ peer: "node", perSecond: 1000 }),
    cellOf({ peer: "triton", perSecond: 100 }),
    cellOf({ peer: "triton-batch", perSecond: 250 }),
    cellOf({ peer: "node", perSecond: 9000, connections: 1 }),
  ];
  const json = chartPanels(cells, facts).find(({ protocol }) => protocol === "json");
  assert.deepEqual(
    json?.points.map(({ product, ratio, isBatching }) => [product, ratio, isBatching]),
    [
      ["slipway", 0.5, false],
      ["node", 1, false],
      ["triton", 0.25, true],
    ],
  );
});

test("gRPC is held against the floor's binary tensors, and without any floor against the best", () => {
  const grpc = cellOf({ protocol: "grpc", perSecond: 100 });
  const other = cellOf({ protocol: "grpc", peer: "triton", perSecond: 200 });
  const floor = cellOf({ protocol: "binary", peer: "node", perSecond: 400 });
  const ratios = (cells: Parameters<typeof chartPanels>[0]): readonly number[] | undefined =>
    chartPanels(cells, facts)
      .find(({ protocol }) => protocol === "grpc")
      ?.points.map(({ ratio }) => ratio);
  assert.deepEqual(ratios([grpc, other, floor]), [0.25, 0.5]);
  assert.deepEqual(ratios([grpc, other]), [0.5, 1]);
});

test("a start whose requests failed is no rate", () => {
  const cells = [cellOf({ perSecond: 500 }), cellOf({ peer: "triton", perSecond: 900, failed: 1 })];
  const points = chartPanels(cells, facts).flatMap((panel) => panel.points);
  assert.deepEqual(
    points.map(({ product }) => product),
    ["slipway"],
  );
});
