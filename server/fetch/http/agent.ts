import { Agent } from "undici";
import type { FetchLimits } from "../limits.ts";
import { createConnector } from "./connect.ts";

export interface AgentOptions {
  /** PEM, trusted beside the system's certificates. */
  readonly certificateAuthority: string | undefined;
  readonly limits: Pick<FetchLimits, "idleMilliseconds">;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
}

/** Keeps connections to where models lie. Each gives up when the other side is silent; null is as many as are asked for. */
export function createAgent(
  { certificateAuthority, limits, now }: AgentOptions,
  connections: number | null = null,
): Agent {
  return new Agent({
    connect: createConnector({ certificateAuthority, connectMilliseconds: limits.idleMilliseconds, now }),
    headersTimeout: limits.idleMilliseconds,
    bodyTimeout: limits.idleMilliseconds,
    connections,
  });
}
