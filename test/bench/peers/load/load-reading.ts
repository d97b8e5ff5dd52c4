import { spreadOf } from "../../spread.ts";

/** What a load generator saw. */
export interface LoadReading {
  /** Answered, whatever the answer. */
  readonly requests: number;
  readonly failed: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The last line of wrk's output, which post.lua writes; times in microseconds. */
export function readWrk(output: string): LoadReading {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`wrk printed no summary: ${output.slice(-quotedCharacters)}`);
  const { requests, microseconds, p50, p99, failed } = JSON.parse(line) as Readonly<
    Record<"requests" | "microseconds" | "p50" | "p99" | "failed", number>
  >;
  return { requests, failed, perSecond: (requests * 1e6) / microseconds, p50Ms: p50 / 1000, p99Ms: p99 / 1000 };
}

/**
 * h2load's output, and its log file: a line an answer with when it began, its HTTP status and how long it took, both times
 * in microseconds. It does not read the status that gRPC sends behind the answer.
 */
export function readH2load(output: string, log: string): LoadReading {
  const perSecond = /([\d.]+) req\/s/.exec(output)?.[1];
  if (perSecond === undefined) throw new Error(`h2load printed no rate: ${output.slice(-quotedCharacters)}`);
  const answers = log
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
  const tookMs = answers.filter(([, status]) => status === "200").map(([, , took]) => Number(took) / 1000);
  const { p50, p99 } = spreadOf(tookMs);
  return {
    requests: answers.length,
    failed: answers.length - tookMs.length,
    perSecond: Number(perSecond),
    p50Ms: p50,
    p99Ms: p99,
  };
}

const quotedCharacters = 400;
