import type { Socket } from "node:net";
import type { ServerState } from "./state.ts";

interface Connection {
  /** Monotonic milliseconds after which an answer is the last. */
  readonly lastAnswerAfter: number;
  /** Requests begun and not answered. */
  open: number;
}

export interface ConnectionsOptions {
  readonly maximumAgeSeconds: number;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/**
 * When a kept-alive connection ends. A selector steers new connections only, so a client that keeps one open would
 * stay with a pod for ever. HTTP/1.1 has one way to end it without losing a request: `Connection: close` on an answer.
 * An idle connection is never closed from here, as its next request may be on its way.
 */
export interface Connections {
  readonly open: (socket: Socket) => void;
  readonly requestBegun: (socket: Socket) => void;
  readonly requestEnded: (socket: Socket) => void;
  /** Whether the next answer on it carries `Connection: close`. */
  readonly isLastAnswer: (socket: Socket) => boolean;
  /** Whether a request on it waits for its answer, so that nothing may be written to the socket directly. */
  readonly isBusy: (socket: Socket) => boolean;
  readonly count: () => number;
  readonly inFlight: () => number;
  /** Ends the connections on which nothing has come yet: Node does not count them as idle for its own header timeout. */
  readonly endSilent: () => void;
}

/** Clients that connected together must not all come back together. */
const ageVariation = 0.1;

export function createConnections(options: ConnectionsOptions, state: Readonly<ServerState>): Connections {
  const connections = new Map<Socket, Connection>();
  let inFlight = 0;

  return {
    open(socket) {
      const variation = 1 + ageVariation * (2 * options.random() - 1);
      const lastAnswerAfter = options.now() + options.maximumAgeSeconds * 1000 * variation;
      connections.set(socket, { lastAnswerAfter, open: 0 });
      socket.once("close", () => connections.delete(socket));
    },

    requestBegun(socket) {
      inFlight += 1;
      const connection = connections.get(socket);
      if (connection !== undefined) connection.open += 1;
    },

    requestEnded(socket) {
      inFlight -= 1;
      const connection = connections.get(socket);
      if (connection !== undefined) connection.open -= 1;
    },

    isLastAnswer(socket) {
      if (!state.inService || state.phase === "draining" || state.phase === "failed") return true;
      const connection = connections.get(socket);
      return connection === undefined || options.now() >= connection.lastAnswerAfter;
    },

    isBusy: (socket) => (connections.get(socket)?.open ?? 0) > 0,
    count: () => connections.size,
    inFlight: () => inFlight,

    endSilent() {
      for (const socket of connections.keys()) {
        if (socket.bytesRead === 0) socket.end();
      }
    },
  };
}
