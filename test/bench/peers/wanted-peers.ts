import type { Options } from "./options.ts";
import type { Peer } from "./peer.ts";
import { leftOutQuickly } from "./peers.ts";

/** Those that the command line names, or all; the order stays. */
export function wantedPeers(peers: readonly Peer[], { only, quick }: Pick<Options, "only" | "quick">): readonly Peer[] {
  return peers.filter(({ name }) => (only.length > 0 ? only.includes(name) : !quick || name !== leftOutQuickly));
}

/** Those of which more than cells is measured: a quick run has no time for the products. */
export function figurePeers(peers: readonly Peer[], { quick }: Pick<Options, "quick">): readonly Peer[] {
  return peers.filter(({ kind }) => !quick || kind !== "product");
}
