import type { Provider, RefusedProvider } from "./contract.ts";
import type { Signature } from "./tensor.ts";

/** `failed`: something that only a new process can mend. */
export type Phase = "loading" | "serving" | "draining" | "failed";

export interface ServedModel {
  readonly name: string;
  readonly version: string;
  readonly signature: Signature;
  readonly outputNames: readonly string[];
  /** Shapes that the warm-up ran with, by input: the examples for people. */
  readonly sampleShapes: ReadonlyMap<string, readonly number[]>;
  /** What runs it. */
  readonly provider: Provider;
  /** What was asked for before that and does not work here. */
  readonly refusedProviders: readonly RefusedProvider[];
  /** Rows that requests which wait are run together up to; 1: none are. */
  readonly batchRows: number;
}

/** What changes while the server lives. `serve.ts` and `service.ts` write it, everything else only reads. */
export interface ServerState {
  phase: Phase;
  /** False: the operator took this pod out of service. It stays warm and ready, but wants its connections gone. */
  inService: boolean;
  /** Set once, before the phase becomes `serving`. */
  model: ServedModel | undefined;
}
