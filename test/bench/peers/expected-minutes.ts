import type { Model } from "./model.ts";
import type { Options } from "./options.ts";
import type { Peer } from "./peer.ts";

/** Seconds from the start of a peer to its first answer, and to its end after the last; by experience on two cores. */
const startSeconds = { slipway: 1.2, floor: 0.8, product: 4.5 } as const;
const warmUpSeconds = 1;
/** Python and ONNX Runtime, and the model. */
const rawStartSeconds = 1;
const rawRows = 3;
/** Of probes, and of a load with the pauses around it. */
const healthSeconds = 11;
const memorySeconds = 6;
const startModels = 2;
const orders = 2;
const sizes = 2;

/**
 * How long a run takes, to a fifth or so, for whoever has to decide on one: windows are counted, starts are guessed, and
 * growth with cores is left out, which takes a minute where there are any.
 */
export function expectedMinutes(
  peers: readonly Peer[],
  figurePeers: readonly Peer[],
  models: readonly Model[],
  options: Pick<Options, "protocols" | "connections" | "pairs" | "seconds" | "parts">,
): number {
  const { pairs, seconds, parts } = options;
  const plain = figurePeers.filter(({ isBatching }) => !isBatching);
  const ours = plain.filter(({ kind }) => kind === "slipway");
  const starts = sum(plain.map(({ kind }) => startSeconds[kind]));
  const ordered = plain.filter(({ kind }) => kind !== "product");
  const oneOrder = sizes * (warmUpSeconds + seconds);
  const ofPart = {
    cells: pairs * sum(models.map((model) => modelSeconds(peers, model, options))),
    order: pairs * sum(ordered.map(({ kind }) => orders * (startSeconds[kind] + oneOrder))),
    start: pairs * startModels * starts,
    health: starts + healthSeconds * (plain.length + 2 * ours.length),
    memory: starts + memorySeconds * (plain.length + 3),
    scaling: 0,
  };
  return sum(parts.map((part) => ofPart[part])) / 60;
}

/** One turn of all peers with one model. */
function modelSeconds(
  peers: readonly Peer[],
  { batches }: Model,
  { protocols, connections, seconds }: Pick<Options, "protocols" | "connections" | "seconds">,
): number {
  const asked = peers.filter(({ isBatching }) => batches || !isBatching);
  const peerSeconds = asked.map(({ kind, isBatching, dialects }) => {
    const spoken = protocols.filter((protocol) => dialects[protocol] !== undefined).length;
    const windows = connections.filter((count) => !isBatching || count > 1).length;
    return startSeconds[kind] + spoken * (warmUpSeconds + windows * seconds);
  });
  return rawRows * (rawStartSeconds + seconds) + sum(peerSeconds);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
