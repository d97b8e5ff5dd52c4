import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../cluster/command.ts";
import type { Command } from "../process/peer-process.ts";
import { onProcessors } from "../process/processors.ts";
import type { Addresses } from "../wire/call.ts";
import type { Dialect, WireRequest } from "../wire/request.ts";
import { type LoadReading, readH2load, readWrk } from "./load-reading.ts";

export interface Load {
  readonly addresses: Addresses;
  readonly dialect: Dialect;
  readonly request: WireRequest;
  /** Holds the request's body. */
  readonly bodyFile: string;
  /** Each has one request under way at a time. */
  readonly connections: number;
  readonly seconds: number;
  /** Those that the load generator keeps to, with a thread for every two; undefined: any, with one thread. */
  readonly processors?: readonly number[];
}

/** Longer than any answer takes. */
const timeoutSeconds = 60;

/** As fast as the answers come: wrk for HTTP/1.1, h2load for gRPC with one stream a connection. */
export function runLoad(load: Load): Promise<LoadReading> {
  return load.dialect.kind === "v2-grpc" ? runH2load(load) : runWrk(load);
}

async function runWrk(load: Load): Promise<LoadReading> {
  const { addresses, request, bodyFile, connections, seconds } = load;
  const { program, parameters } = placed(load, "wrk", [
    `--threads=${threadsOf(load)}`,
    `--connections=${connections}`,
    `--duration=${wholeSeconds(seconds)}s`,
    `--timeout=${timeoutSeconds}s`,
    `--script=${join(import.meta.dirname, "post.lua")}`,
    `http://127.0.0.1:${addresses.http}${request.path}`,
    "--",
    bodyFile,
    ...Object.entries(request.headers).flat(),
  ]);
  const { stdout } = await run(program, parameters);
  return readWrk(stdout);
}

async function runH2load(load: Load): Promise<LoadReading> {
  const { addresses, request, bodyFile, connections, seconds } = load;
  const log = `${bodyFile}.${randomUUID()}.log`;
  try {
    const { program, parameters } = placed(load, "h2load", [
      `--threads=${threadsOf(load)}`,
      `--clients=${connections}`,
      "--max-concurrent-streams=1",
      `--duration=${wholeSeconds(seconds)}`,
      `--data=${bodyFile}`,
      ...Object.entries(request.headers).map(([name, value]) => `--header=${name}: ${value}`),
      `--log-file=${log}`,
      `http://127.0.0.1:${addresses.grpc}${request.path}`,
    ]);
    const { stdout } = await run(program, parameters);
    return readH2load(stdout, await readFile(log, "utf8"));
  } finally {
    await rm(log, { force: true });
  }
}

/** Never more than connections, of which each thread wants one. */
function threadsOf({ processors = [], connections }: Load): number {
  return Math.max(1, Math.min(connections, Math.floor(processors.length / 2)));
}

function placed({ processors }: Load, program: string, parameters: readonly string[]): Command {
  const command = { program, parameters, environment: {} };
  return processors === undefined ? command : onProcessors(processors, command);
}

/** Neither program takes parts of a second. */
function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.round(seconds));
}
