import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Report, step } from "../../cluster/report.ts";
import { serverImage } from "../server/server-image.ts";
import { type Bench, messageOf, type Problem } from "./bench.ts";
import { type CellResults, measureCells } from "./cells.ts";
import { type HealthReading, measureHealth } from "./figures/health.ts";
import { measureMemory, type MemoryReading } from "./figures/memory.ts";
import { measureOrder, type OrderReading } from "./figures/order.ts";
import { measureScaling, type ScalingReading } from "./figures/scaling.ts";
import { measureStarts, type StartReading } from "./figures/starts.ts";
import { expectedMinutes } from "./expected-minutes.ts";
import { install } from "./install/install.ts";
import type { PythonEnvironment } from "./install/python-environments.ts";
import { benchModels } from "./model.ts";
import type { Options, Part } from "./options.ts";
import type { Peer } from "./peer.ts";
import { benchPeers, environmentOf } from "./peers.ts";
import { type RunFacts, runText } from "./run-facts.ts";
import { figurePeers, wantedPeers } from "./wanted-peers.ts";
import type { PeerProcess } from "./process/peer-process.ts";

/** What a peer is, for whoever reads the results. */
export type PeerFacts = Pick<Peer, "name" | "product" | "kind" | "isBatching">;

/** Everything that was measured, and what could not be. */
export interface BenchResults extends CellResults {
  readonly run: RunFacts;
  readonly peers: readonly PeerFacts[];
  readonly orders: readonly OrderReading[];
  readonly starts: readonly StartReading[];
  readonly healths: readonly HealthReading[];
  readonly memories: readonly MemoryReading[];
  readonly scalings: readonly ScalingReading[];
}

/** Ends early when the signal says so, with nothing left behind. */
export async function runBench(options: Options, signal: AbortSignal, report: Report): Promise<BenchResults> {
  const environments = environmentsOf(options);
  const { missing } = await install(options.folder, environments, report);
  const image = await step(report, "staging the server's image", serverImage);
  const sources = { image, folder: options.folder };
  const wanted = wantedPeers(benchPeers(sources), options);
  const problems: Problem[] = [];
  const peers = wanted.filter((peer) => {
    const why = missing.get(environmentOf(peer.product) ?? "kserve");
    if (why !== undefined) problems.push({ peer: peer.name, what: "install", why });
    return why === undefined;
  });
  const running = new Set<PeerProcess>();
  const endAll = (): Promise<unknown> => Promise.all([...running].map((peer) => peer.stop()));
  // What is under way fails soon after its peer.
  signal.addEventListener("abort", () => void endAll());
  const scratch = await mkdtemp(join(tmpdir(), "slipway-peers-"));
  const bench: Bench = {
    sources,
    peers,
    models: benchModels().filter(({ name }) => options.models.length === 0 || options.models.includes(name)),
    protocols: options.protocols,
    connections: options.connections,
    pairs: options.pairs,
    seconds: options.seconds,
    scratch,
    running,
    signal,
    report,
  };
  const figures: Bench = { ...bench, peers: figurePeers(peers, options) };
  const minutes = expectedMinutes(bench.peers, figures.peers, bench.models, options);
  report(`${runText(options)}; about ${Math.max(1, Math.round(minutes))} min`);
  const empty: CellResults = { cells: [], raws: [], problems: [] };
  const measure = async <T>(part: Part, nothing: T, work: () => Promise<T>): Promise<T> => {
    if (!options.parts.includes(part)) return nothing;
    try {
      return await work();
    } catch (error) {
      report(`${part}: ${messageOf(error)}`);
      problems.push({ peer: "-", what: part, why: messageOf(error) });
      return nothing;
    }
  };
  try {
    const cells = await measure("cells", empty, () => measureCells(bench));
    const orders = await measure("order", [], () => measureOrder(figures, problems));
    const starts = await measure("start", [], () => measureStarts(figures, problems));
    const healths = await measure("health", [], () => measureHealth(figures, problems));
    const memories = await measure("memory", [], () => measureMemory(figures, problems));
    const scalings = await measure("scaling", [], () => measureScaling(figures, problems));
    return {
      ...cells,
      run: { pairs: options.pairs, seconds: options.seconds, quick: options.quick },
      peers: peers.map(({ name, product, kind, isBatching }) => ({ name, product, kind, isBatching })),
      problems: [...problems, ...cells.problems],
      orders,
      starts,
      healths,
      memories,
      scalings,
    };
  } finally {
    await endAll();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Of the peers that are wanted, so that one alone does not install all. */
function environmentsOf(options: Options): readonly PythonEnvironment["name"][] {
  const peers = benchPeers({ image: { command: [], environment: {} }, folder: "" });
  return [...new Set(wantedPeers(peers, options).flatMap(({ product }) => environmentOf(product) ?? []))];
}
