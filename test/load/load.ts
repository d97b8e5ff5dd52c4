import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { grpcContentType, openGrpcClient } from "./grpc-client.ts";
import { type LoadClient, requestTimeoutMs } from "./load-client.ts";
import { nextTurn, type Pace, turnMs } from "./pace.ts";
import { createTally, type LoadSummary, type Outcome } from "./tally.ts";

export interface LoadOptions {
  readonly url: string;
  /** Sent with every request by POST. */
  readonly body: Uint8Array;
  /** `application/grpc`: calls of ModelInfer over HTTP/2, of which the body is one message with its prefix. */
  readonly contentType: string;
  /** Each keeps one connection for as long as the server lets it. */
  readonly connections: number;
  /** Most requests a second over all connections. */
  readonly ratePerSecond: number;
  /** A summary so far, about once a second. */
  readonly onProgress?: (summary: LoadSummary) => void;
}

const progressPeriodMs = 1_000;

/** An answer is read to its end only up to here; none that we ask for is as long. */
const longestAnswerBytes = 1024 * 1024;

/**
 * Sends the body until the signal aborts, awaits what is under way, and tells how everything ended. Nothing is sent
 * twice: a connection that the server resets costs a failed request, as it would cost a client that cannot repeat.
 */
export async function runLoad(options: LoadOptions, signal: AbortSignal): Promise<LoadSummary> {
  const pace: Pace = {
    startMs: Date.now(),
    ratePerSecond: options.ratePerSecond,
    connections: options.connections,
  };
  const tally = createTally(pace.startMs);
  const progress = setInterval(() => options.onProgress?.(tally.summary(Date.now())), progressPeriodMs);
  try {
    const connections = Array.from({ length: options.connections }, (_, index) =>
      sendOnOneConnection(options, pace, index, signal, (outcome) => tally.add(outcome)),
    );
    await Promise.all(connections);
  } finally {
    clearInterval(progress);
  }
  return tally.summary(Date.now());
}

async function sendOnOneConnection(
  options: LoadOptions,
  pace: Pace,
  index: number,
  signal: AbortSignal,
  ended: (outcome: Outcome) => void,
): Promise<void> {
  const client = options.contentType === grpcContentType ? openGrpcClient(options) : openHttpClient(options);
  try {
    for (let turn = nextTurn(pace, index, 0, Date.now()); ; turn = nextTurn(pace, index, turn + 1, Date.now())) {
      await until(turnMs(pace, index, turn), signal);
      if (signal.aborted) return;
      const sentMs = Date.now();
      const outcome = await client.exchange();
      ended({ sentMs, endedMs: Date.now(), ...outcome });
    }
  } finally {
    client.close();
  }
}

function openHttpClient(options: LoadOptions): LoadClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    exchange: async () => {
      const { opened, ...answer } = await exchange(options, agent);
      return { opened, ...judge(answer) };
    },
    close: () => agent.destroy(),
  };
}

/** A timer is no finer than a millisecond, so less than one is not waited for: a client without a bound never pauses. */
async function until(timeMs: number, signal: AbortSignal): Promise<void> {
  const waitMs = timeMs - Date.now();
  if (waitMs >= 1) await delay(waitMs, undefined, { signal }).catch(() => undefined);
}

type Answer = { readonly status: number; readonly body: string } | { readonly error: string };

/** One request and what came of it; every failure is data. */
async function exchange(options: LoadOptions, agent: Agent): Promise<Answer & { readonly opened: boolean }> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const sent = request(options.url, {
    method: "POST",
    agent,
    headers: { "content-type": options.contentType, "content-length": options.body.byteLength },
  });
  const timer = setTimeout(() => {
    resolve({ error: `no answer in ${requestTimeoutMs} ms` });
    sent.destroy();
  }, requestTimeoutMs);
  sent.on("error", (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }));
  sent.on("response", (response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes <= longestAnswerBytes) chunks.push(chunk);
    });
    response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    response.on("error", (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }));
  });
  sent.end(options.body);
  const answer = await promise;
  clearTimeout(timer);
  return { ...answer, opened: !sent.reusedSocket };
}

/** A success is a 200 that names the version which gave it. */
export function judge(answer: Answer): Pick<Outcome, "status" | "version" | "error"> {
  if ("error" in answer) return { error: answer.error };
  const { status } = answer;
  if (status !== 200) return { status, error: `HTTP ${status}` };
  const version = /"model_version"\s*:\s*"([^"]*)"/.exec(answer.body)?.[1];
  return version === undefined ? { status, error: "answer without model_version" } : { status, version };
}
