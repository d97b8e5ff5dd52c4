import type { CellReading } from "../../cells.ts";
import type { PeerFacts } from "../../run-bench.ts";
import { type Protocol, protocols } from "../../wire/request.ts";
import { type CellSummary, summarizeCells } from "../cell-summary.ts";
import { subject } from "../lost-cells.ts";

/** One dot of the chart: the best way to start a product, but for Slipway its default one. */
export interface ChartPoint {
  readonly product: string;
  readonly kind: PeerFacts["kind"];
  readonly isBatching: boolean;
  readonly perSecond: number;
  readonly p99Ms: number;
  /** To the best floor of the panel. */
  readonly ratio: number;
}

export interface ChartPanel {
  readonly model: string;
  readonly protocol: Protocol;
  readonly points: readonly ChartPoint[];
}

/** With as many connections the chart is drawn. */
export const chartConnections = 8;

/**
 * A panel for each model and protocol. The floor speaks no gRPC, which carries the same bytes as JSON with binary tensors:
 * there its rate with these stands in. Without a floor the best of the panel does.
 */
export function chartPanels(cells: readonly CellReading[], peers: readonly PeerFacts[]): readonly ChartPanel[] {
  const summaries = summarizeCells(cells.filter(({ connections }) => connections === chartConnections));
  const models = [...new Set(summaries.map(({ model }) => model))];
  return models.flatMap((model) =>
    protocols.map((protocol) => {
      const own = summaries.filter((cell) => cell.model === model);
      const spoken = own.filter((cell) => cell.protocol === protocol);
      const floorProtocol = protocol === "grpc" ? "binary" : protocol;
      const floors = own.filter((cell) => cell.protocol === floorProtocol && kindOf(peers, cell) === "floor");
      const base = best(floors) ?? best(spoken);
      return { model, protocol, points: pointsOf(spoken, peers, base?.perSecond ?? 1) };
    }),
  );
}

/** In the order of the peers. */
function pointsOf(cells: readonly CellSummary[], peers: readonly PeerFacts[], base: number): readonly ChartPoint[] {
  const products = [...new Set(peers.map(({ product }) => product))];
  return products.flatMap((product) => {
    const names = peers.filter(
      (peer) => peer.product === product && (peer.kind !== "slipway" || peer.name === subject),
    );
    const cell = best(cells.filter(({ peer }) => names.some(({ name }) => name === peer)));
    const facts = names.find(({ name }) => name === cell?.peer);
    if (cell === undefined || facts === undefined) return [];
    const { perSecond, p99Ms } = cell;
    return [{ product, kind: facts.kind, isBatching: facts.isBatching, perSecond, p99Ms, ratio: perSecond / base }];
  });
}

function kindOf(peers: readonly PeerFacts[], cell: CellSummary): PeerFacts["kind"] | undefined {
  return peers.find(({ name }) => name === cell.peer)?.kind;
}

/** A cell in which requests failed, or none was answered, is no rate. */
function best(cells: readonly CellSummary[]): CellSummary | undefined {
  return cells
    .filter(({ failed, perSecond }) => failed === 0 && perSecond > 0)
    .toSorted((left, right) => right.perSecond - left.perSecond)[0];
}
