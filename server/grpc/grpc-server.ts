import type { Socket } from "node:net";
import { createBufferPool } from "../bytes/buffer-pool.ts";
import { healthMethods } from "./health/health-methods.ts";
import type { CallReport } from "./http2/call.ts";
import { beginConnection, type Connection } from "./http2/connection.ts";
import type { Ticket } from "./http2/ticket.ts";
import { inferenceMethods } from "./inference/inference-methods.ts";
import type { InferenceService } from "./inference-service.ts";
import { type GrpcLimits, grpcLimits } from "./limits.ts";
import { reflectionMethods } from "./reflection/reflection-methods.ts";

export interface GrpcServerOptions {
  readonly service: InferenceService;
  /** Asked after each answer of a connection, which was opened at that time: true ends it with a GOAWAY. */
  readonly isLast: (opened: number) => boolean;
  /** Of one request, decompressed. What has more is refused as RESOURCE_EXHAUSTED. */
  readonly messageLimitBytes: number;
  /** For what one call holds, of its request and of its answer; what finds no room is refused as UNAVAILABLE. */
  readonly openTicket: () => Ticket;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  readonly newRequestId: () => string;
  /** Whether the reports of calls are to have their moments. */
  readonly isTraced?: boolean;
  /** Once for each call, when it is over. */
  readonly onCall: (report: CallReport) => void;
  /** Something failed that should not: for the log. The client was told INTERNAL and no more. */
  readonly onFault: (id: string, error: unknown) => void;
  readonly limits?: Partial<GrpcLimits>;
}

/** gRPC over the connections that it is given: inference, health and reflection. */
export interface GrpcServer {
  /** Takes over an accepted socket in plain text. `first` are bytes that were read of it already. */
  readonly serve: (socket: Socket, first?: Uint8Array) => void;
  /** Connections that are open. */
  readonly connections: () => number;
  /** Calls under way. */
  readonly exchanges: () => number;
  /** GOAWAY on every connection: calls under way end as they would, and the connection with the last of them. */
  readonly goAway: () => void;
  /** Ends the connections without a call. */
  readonly endIdle: () => void;
  readonly destroyAll: () => void;
}

/** How late a bound of time may be noticed; what clients wait for never depends on it. */
const sweepMilliseconds = 250;

export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const limits = { ...grpcLimits, ...options.limits };
  const methods = new Map([
    ...inferenceMethods(options.service, options.messageLimitBytes),
    ...healthMethods(options.service, limits.smallMessageBytes),
    ...reflectionMethods(limits.smallMessageBytes),
  ]);
  const connections = new Set<Connection>();
  let sweeper: NodeJS.Timeout | undefined;

  const sweep = (): void => {
    for (const connection of connections) connection.sweep();
  };

  const { openTicket, now, newRequestId, onFault, isLast, onCall } = options;
  const { isTraced = false } = options;
  const pool = createBufferPool(limits.pooledBytes);
  const shared = { methods, limits, pool, openTicket, now, newRequestId, isTraced, onFault, isLast, onCall };

  return {
    serve(socket, first) {
      let connection: Connection | undefined;
      const onClose = (): void => {
        if (connection !== undefined) connections.delete(connection);
        if (connections.size > 0) return;
        pool.clear();
        clearInterval(sweeper);
        sweeper = undefined;
      };
      connection = beginConnection(socket, first, { ...shared, onClose });
      if (connection === undefined) return;
      connections.add(connection);
      sweeper ??= setInterval(sweep, sweepMilliseconds);
    },
    connections: () => connections.size,
    exchanges: () => connections.values().reduce((total, connection) => total + connection.calls(), 0),
    goAway() {
      for (const connection of connections) connection.goAway();
    },
    endIdle() {
      for (const connection of connections) connection.endIdle();
    },
    destroyAll() {
      for (const connection of connections) connection.destroy();
    },
  };
}
