import type { CellReading } from "../cells.ts";
import type { BenchResults, PeerFacts } from "../run-bench.ts";

/** Readings for the tests of what is told about them. */
export function cellOf(change: Partial<CellReading>): CellReading {
  return {
    model: "iris",
    peer: "slipway",
    protocol: "json",
    connections: 8,
    turn: 0,
    requests: 1000,
    failed: 0,
    perSecond: 1000,
    p50Ms: 1,
    p99Ms: 2,
    cpuMs: 0.1,
    othersCores: 0,
    ...change,
  };
}

export const facts: readonly PeerFacts[] = [
  { name: "slipway", product: "slipway", kind: "slipway", isBatching: false },
  { name: "slipway-w1", product: "slipway", kind: "slipway", isBatching: false },
  { name: "node", product: "node", kind: "floor", isBatching: false },
  { name: "node-2", product: "node", kind: "floor", isBatching: false },
  { name: "mlserver-batch", product: "mlserver", kind: "product", isBatching: true },
  { name: "triton", product: "triton", kind: "product", isBatching: false },
  { name: "triton-batch", product: "triton", kind: "product", isBatching: true },
];

export function resultsOf(change: Partial<BenchResults>): BenchResults {
  return {
    run: { pairs: 5, seconds: 2, quick: false },
    peers: facts,
    cells: [],
    raws: [],
    problems: [],
    orders: [],
    starts: [],
    healths: [],
    memories: [],
    scalings: [],
    ...change,
  };
}
