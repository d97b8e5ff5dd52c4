import type { Server } from "node:http";
import type { Connections } from "./connections.ts";

export interface DrainOptions {
  readonly server: Server;
  readonly connections: Connections;
  /** How long other nodes may still send new connections here. */
  readonly propagationSeconds: number;
  /** After this the process is killed from outside. */
  readonly graceSeconds: number;
}

/** Kept of the grace period for ending threads and writing the last log lines. */
const reserveSeconds = 2;

/**
 * Ends the prediction port without losing a request. The phase must already be one in which every answer is the last on
 * its connection. In order:
 *
 *     accept, answer with Connection: close    while endpoints propagate
 *     stop accepting, close idle connections   their clients have had that long to send and be told
 *     finish what is under way                 until just before the grace period ends
 *
 * True when nothing was cut off.
 */
export async function drain({ server, connections, propagationSeconds, graceSeconds }: DrainOptions): Promise<boolean> {
  await sleep(propagationSeconds * 1000);
  // A request that has arrived but was not read yet makes its connection busy, not idle, one turn of the loop later.
  await turn();
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  connections.endSilent();
  const left = Math.max(0, graceSeconds - propagationSeconds - reserveSeconds) * 1000;
  const timeout = new AbortController();
  const isComplete = await Promise.race([closed.then(() => true), sleep(left, timeout.signal).then(() => false)]);
  timeout.abort();
  if (!isComplete) server.closeAllConnections();
  return isComplete || connections.inFlight() === 0;
}

function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
