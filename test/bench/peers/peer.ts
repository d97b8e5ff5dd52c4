import type { Command } from "./process/peer-process.ts";
import type { Dialect, Protocol } from "./wire/request.ts";

/** Where one start of a peer finds its model and may listen and write. */
export interface Place {
  readonly modelName: string;
  /** `MODEL/model.onnx`, alone in its folder. */
  readonly modelFile: string;
  readonly http: number;
  readonly grpc: number;
  readonly metrics: number;
  /** Empty folder for files of its own. */
  readonly scratch: string;
}

/** One way to start a server. */
export interface Peer {
  /** As `--only` names it. */
  readonly name: string;
  /** All ways to start the same program share it. */
  readonly product: string;
  /** `floor`: what the same work takes without a product around it. */
  readonly kind: "slipway" | "floor" | "product";
  /** Gathers requests into batches: only models that batch are put to it, and only with several connections. */
  readonly isBatching: boolean;
  readonly dialects: Readonly<Partial<Record<Protocol, Dialect>>>;
  readonly readyPath: string;
  readonly command: (place: Place) => Command;
}
