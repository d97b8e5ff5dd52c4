import { request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { type Spread, spreadOf } from "../spread.ts";

export interface ProbeReading {
  /** Milliseconds, of the probes that were answered. */
  readonly latencyMs: Spread;
  /** How often each status, or error, was the answer. */
  readonly outcomes: Readonly<Record<string, number>>;
}

export interface ProbeOptions {
  readonly everyMs: number;
  readonly seconds: number;
}

/** Longer than the kubelet waits by default, so that what it would give up is still a number. */
const timeoutMs = 5_000;

/** Asks at fixed times, whether or not the one before is answered, each on a connection of its own, as the kubelet does. */
export async function probe(url: string, { everyMs, seconds }: ProbeOptions): Promise<ProbeReading> {
  const begun = performance.now();
  const probes = Array.from({ length: Math.round((seconds * 1000) / everyMs) }, async (_, turn) => {
    await delay(Math.max(0, begun + turn * everyMs - performance.now()));
    const sent = performance.now();
    const outcome = await probeOnce(url);
    return { outcome, ms: performance.now() - sent };
  });
  const done = await Promise.all(probes);
  const outcomes: Record<string, number> = {};
  for (const { outcome } of done) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  return { latencyMs: spreadOf(done.filter(({ outcome }) => /^\d+$/.test(outcome)).map(({ ms }) => ms)), outcomes };
}

/** Status of the answer, or the error instead of one. */
export function probeOnce(url: string): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(url, { agent: false, timeout: timeoutMs }, (response) => {
      response.resume();
      response.once("end", () => resolve(String(response.statusCode)));
      response.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
    sent.once("timeout", () => sent.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    sent.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end();
  });
}
