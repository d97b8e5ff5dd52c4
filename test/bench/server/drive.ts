import { setTimeout as delay } from "node:timers/promises";
import { startLoad } from "../../load/start.ts";
import type { LoadSummary } from "../../load/tally.ts";
import { round } from "../spread.ts";
import type { PlacedTarget } from "./ground.ts";
import type { ServerProcess } from "./server-process.ts";

export interface DriveOptions {
  readonly connections: number;
  readonly ratePerSecond: number;
  readonly seconds: number;
}

/** One load and what it cost the server. */
export interface DriveReading {
  readonly summary: LoadSummary;
  /** Processor time of the server's process, its idle time taken off. */
  readonly cpuMsPerRequest: number;
  readonly requestsPerSecond: number;
  readonly memoryMebibytes: number;
}

export interface Cost {
  readonly cpuMs: number;
  readonly elapsedMs: number;
  readonly requests: number;
}

/** More than any of the models can be asked: the client then sends as soon as the answer before is there. */
export const unboundedRate = 1_000_000;
/** As fast as it goes, until V8 has compiled what every request uses: at a moderate rate that would be part of them. */
const warmUpSeconds = 3;
/** V8 compiles and collects beside the requests, and is done soon after them. */
const settleMs = 1_000;
const idleSeconds = 5;

/** Warms the server up, and measures the load. */
export async function drive(
  server: ServerProcess,
  target: PlacedTarget,
  options: DriveOptions,
  idleCpuMsPerSecond: number,
): Promise<DriveReading> {
  await send(server, target, { ...options, ratePerSecond: unboundedRate, seconds: warmUpSeconds });
  await delay(settleMs);
  const begun = performance.now();
  const before = server.usage().cpuMs;
  const summary = await send(server, target, options);
  const { cpuMs, memoryMebibytes } = server.usage();
  const cost = { cpuMs: cpuMs - before, elapsedMs: performance.now() - begun, requests: summary.requests };
  return {
    summary,
    cpuMsPerRequest: round(perRequest(cost, idleCpuMsPerSecond)),
    requestsPerSecond: round((summary.requests - summary.failed) / summary.seconds),
    memoryMebibytes,
  };
}

/** Every request of the client is in the count, as the client starts after the first reading and ends before the last. */
async function send(server: ServerProcess, target: PlacedTarget, options: DriveOptions): Promise<LoadSummary> {
  const load = startLoad({
    url: predictionUrl(server, target),
    bodyFile: target.bodyFile,
    connections: options.connections,
    ratePerSecond: options.ratePerSecond,
  });
  await delay(options.seconds * 1000);
  return load.stop();
}

/** Processor time that the server takes when nobody asks it, milliseconds a second. */
export async function idleCpu(server: ServerProcess): Promise<number> {
  const before = server.usage().cpuMs;
  await delay(idleSeconds * 1000);
  return round((server.usage().cpuMs - before) / idleSeconds);
}

export function perRequest({ cpuMs, elapsedMs, requests }: Cost, idleCpuMsPerSecond: number): number {
  return (cpuMs - (idleCpuMsPerSecond * elapsedMs) / 1000) / requests;
}

export function predictionUrl({ url }: ServerProcess, { name }: PlacedTarget): string {
  return `${url}/v2/models/${name}/infer`;
}
