import { getCACertificates } from "node:tls";
import { Agent } from "undici";
import type { FetchLimits } from "../limits.ts";

export interface AgentOptions {
  /** PEM, trusted beside the system's certificates. */
  readonly certificateAuthority: string | undefined;
  readonly limits: Pick<FetchLimits, "idleMilliseconds">;
}

/** Keeps connections to where models lie. Each gives up when the other side is silent; null is as many as are asked for. */
export function createAgent({ certificateAuthority, limits }: AgentOptions, connections: number | null = null): Agent {
  return new Agent({
    connect: {
      timeout: limits.idleMilliseconds,
      ...(certificateAuthority === undefined
        ? {}
        : { ca: [...getCACertificates("default"), ...getCACertificates("system"), certificateAuthority] }),
    },
    headersTimeout: limits.idleMilliseconds,
    bodyTimeout: limits.idleMilliseconds,
    connections,
  });
}
