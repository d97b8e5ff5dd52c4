import type { Outcome } from "./tally.ts";

/** A prediction that takes longer than this has failed, as far as a client is concerned. */
export const requestTimeoutMs = 10_000;

/** One client: it keeps its connection for as long as the server lets it. */
export interface LoadClient {
  /** One request and what came of it; every failure is data. */
  exchange(): Promise<Omit<Outcome, "sentMs" | "endedMs">>;
  close(): void;
}
