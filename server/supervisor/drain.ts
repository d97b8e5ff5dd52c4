import type { Server } from "node:net";
import type { FrontDesk } from "./front-desk.ts";
import type { Shards } from "./shards/shards.ts";

export interface DrainOptions {
  readonly servers: readonly Server[];
  readonly desk: FrontDesk;
  readonly shards: Shards;
  /** How long other nodes may still send new connections here. */
  readonly propagationSeconds: number;
  /** After this the process is killed from outside. */
  readonly graceSeconds: number;
}

/** Kept of the grace period for ending processes and writing the last log lines. */
const reserveSeconds = 2;

/**
 * Ends the prediction ports without losing a request. The phase must already be one in which every answer is the last on
 * its connection, and the shards must know. In order:
 *
 *     accept, answer with Connection: close    while endpoints propagate
 *     stop accepting, end idle connections     their clients have had that long to send and be told
 *     finish what is under way                 to the last byte of each answer, or until just before the grace period ends
 *
 * True when nothing was cut off.
 */
export async function drain(options: DrainOptions): Promise<boolean> {
  const { servers, desk, shards, propagationSeconds, graceSeconds } = options;
  await sleep(propagationSeconds * 1000);
  // A connection that was made but not accepted yet is accepted one turn of the loop later, and not reset.
  await turn();
  for (const server of servers) server.close();
  desk.endWaiting();
  const left = Math.max(0, graceSeconds - propagationSeconds - reserveSeconds) * 1000;
  const timeout = new AbortController();
  const isComplete = await Promise.race([
    shards.drain().then(() => true),
    sleep(left, timeout.signal).then(() => false),
  ]);
  timeout.abort();
  const wasIdle = shards.latestCounts().every(({ exchanges }) => exchanges === 0);
  if (!isComplete) shards.kill();
  return isComplete || wasIdle;
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
