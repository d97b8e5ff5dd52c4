import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../cluster/command.ts";
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
}

/** Longer than any answer takes. */
const timeoutSeconds = 60;

/** As fast as the answers come: wrk for HTTP/1.1, h2load for gRPC with one stream a connection; either on one thread. */
export function runLoad(load: Load): Promise<LoadReading> {
  return load.dialect.kind === "v2-grpc" ? runH2load(load) : runWrk(load);
}

async function runWrk({ addresses, request, bodyFile, connections, seconds }: Load): Promise<LoadReading> {
  const { stdout } = await run("wrk", [
    "--threads=1",
    `--connections=${connections}`,
    `--duration=${wholeSeconds(seconds)}s`,
    `--timeout=${timeoutSeconds}s`,
    `--script=${join(import.meta.dirname, "post.lua")}`,
    `http://127.0.0.1:${addresses.http}${request.path}`,
    "--",
    bodyFile,
    ...Object.entries(request.headers).flat(),
  ]);
  return readWrk(stdout);
}

async function runH2load({ addresses, request, bodyFile, connections, seconds }: Load): Promise<LoadReading> {
  const log = `${bodyFile}.${randomUUID()}.log`;
  try {
    const { stdout } = await run("h2load", [
      "--threads=1",
      `--clients=${connections}`,
      "--max-concurrent-streams=1",
      `--duration=${wholeSeconds(seconds)}`,
      `--data=${bodyFile}`,
      ...Object.entries(request.headers).map(([name, value]) => `--header=${name}: ${value}`),
      `--log-file=${log}`,
      `http://127.0.0.1:${addresses.grpc}${request.path}`,
    ]);
    return readH2load(stdout, await readFile(log, "utf8"));
  } finally {
    await rm(log, { force: true });
  }
}

/** Neither program takes parts of a second. */
function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.round(seconds));
}
