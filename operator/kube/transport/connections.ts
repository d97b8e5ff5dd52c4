import { Pool } from "undici";
import type { TlsMaterial } from "./credentials.ts";

/** Sockets to one API server: a bounded pool for requests and another for watches, which each hold one for minutes. */
export interface Connections {
  readonly requests: Pool;
  readonly watches: Pool;
}

export interface ConnectionKeeper {
  /** Pools for this TLS identity. Another object than last time opens new ones; the old end with their last answer. */
  for(tls: TlsMaterial): Connections;
  /** These may be dead without a sign: nothing new is sent on them, what is under way may still end well. */
  suspect(pool: Pool): void;
  /** Ends everything, answered or not. */
  destroy(): Promise<void>;
}

/** A TCP and TLS handshake inside a cluster takes milliseconds; a lost SYN is sent again after 1 and 3 s. */
const connectTimeoutMs = 5_000;
/**
 * For one address of a server with a name, as long as another one is left, so that each has its SYN sent twice. Node.js
 * would give each 250 ms, and not come back to it.
 */
const addressTimeoutMs = connectTimeoutMs / 2;
/** Shorter than the 90 s after which kube-apiserver closes an idle connection, so that we do not write into a closing one. */
const keepAliveMs = 30_000;
/** More watches than any operator has kinds; a bound against a loop that would open them without end. */
const maxWatches = 64;

export function createConnections(server: string, requestConnections: number): ConnectionKeeper {
  let current: { readonly tls: TlsMaterial; readonly connections: Connections } | undefined;
  const open = new Set<Pool>();

  const createPool = (tls: TlsMaterial, connections: number): Pool => {
    const pool = new Pool(server, {
      connections,
      // HTTP/1.1 without pipelining: measured three times faster here than HTTP/2, and one slow answer delays no other.
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      // The time limits of requests and watches are kept in one place each, by their callers.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: connectTimeoutMs,
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: addressTimeoutMs,
        ...tls,
      },
    });
    open.add(pool);
    return pool;
  };

  const retire = (pool: Pool): void => {
    pool.close().then(
      () => open.delete(pool),
      // close() fails only when destroy() came first, which has ended the sockets already.
      () => open.delete(pool),
    );
  };

  const retireCurrent = (): void => {
    if (current === undefined) return;
    retire(current.connections.requests);
    retire(current.connections.watches);
    current = undefined;
  };

  return {
    for: (tls) => {
      if (current?.tls === tls) return current.connections;
      retireCurrent();
      const connections = { requests: createPool(tls, requestConnections), watches: createPool(tls, maxWatches) };
      current = { tls, connections };
      return connections;
    },
    suspect: (pool) => {
      if (pool === current?.connections.requests) retireCurrent();
    },
    destroy: async () => {
      current = undefined;
      await Promise.all([...open].map((pool) => pool.destroy()));
      open.clear();
    },
  };
}
