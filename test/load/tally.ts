/** How one request ended. Times are milliseconds since the epoch. */
export interface Outcome {
  readonly sentMs: number;
  readonly endedMs: number;
  /** Whether the request opened a connection instead of using the one that was kept. */
  readonly opened: boolean;
  /** `model_version` of the answer; absent when there was none, and then `error` says why. */
  readonly version?: string;
  readonly status?: number;
  /** Why the request failed: `ECONNRESET`, `HTTP 503`, `no answer in 10000 ms`. A request without it succeeded. */
  readonly error?: string;
}

interface VersionTally {
  readonly answers: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface LoadSummary {
  readonly seconds: number;
  readonly requests: number;
  readonly failed: number;
  readonly byVersion: Readonly<Record<string, VersionTally>>;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byError: Readonly<Record<string, number>>;
  /** When each of the first failures ended, with its error: what to look for in the logs. */
  readonly failures: readonly { readonly endedMs: number; readonly error: string }[];
  readonly connectionsOpened: number;
  /** Longest time without a successful answer on any connection. */
  readonly longestGapMs: number;
  /** Upper bounds to a millisecond. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly most: number };
}

export interface Tally {
  add(outcome: Outcome): void;
  summary(nowMs: number): LoadSummary;
}

/** Failures that are kept one by one; beyond them the counts tell enough. */
const keptFailures = 20;

/** Latencies are counted by the millisecond up to this one, which stands for all above: memory stays bounded. */
const longestCountedLatencyMs = 10_000;

export function createTally(startMs: number): Tally {
  const byVersion = new Map<string, { answers: number; firstMs: number; lastMs: number }>();
  const byStatus = new Map<string, number>();
  const byError = new Map<string, number>();
  const failures: { endedMs: number; error: string }[] = [];
  const latencies = new Uint32Array(longestCountedLatencyMs + 1);
  let requests = 0;
  let failed = 0;
  let connectionsOpened = 0;
  let lastSuccessMs = startMs;
  let longestGapMs = 0;

  return {
    add(outcome) {
      requests += 1;
      if (outcome.opened) connectionsOpened += 1;
      if (outcome.status !== undefined) count(byStatus, String(outcome.status));
      if (outcome.error !== undefined) {
        failed += 1;
        count(byError, outcome.error);
        if (failures.length < keptFailures) failures.push({ endedMs: outcome.endedMs, error: outcome.error });
        return;
      }
      const latency = Math.min(Math.ceil(outcome.endedMs - outcome.sentMs), longestCountedLatencyMs);
      latencies[latency] = (latencies[latency] ?? 0) + 1;
      longestGapMs = Math.max(longestGapMs, outcome.endedMs - lastSuccessMs);
      lastSuccessMs = Math.max(lastSuccessMs, outcome.endedMs);
      countVersion(outcome);
    },
    summary: (nowMs) => ({
      seconds: (nowMs - startMs) / 1000,
      requests,
      failed,
      byVersion: Object.fromEntries([...byVersion].map(([version, tally]) => [version, { ...tally }])),
      byStatus: Object.fromEntries(byStatus),
      byError: Object.fromEntries(byError),
      failures: [...failures],
      connectionsOpened,
      longestGapMs: Math.max(longestGapMs, nowMs - lastSuccessMs),
      latencyMs: {
        p50: quantile(latencies, requests - failed, 0.5),
        p99: quantile(latencies, requests - failed, 0.99),
        most: quantile(latencies, requests - failed, 1),
      },
    }),
  };

  function countVersion(outcome: Outcome): void {
    const name = outcome.version ?? "";
    const seen = byVersion.get(name);
    if (seen === undefined) {
      byVersion.set(name, { answers: 1, firstMs: outcome.endedMs, lastMs: outcome.endedMs });
      return;
    }
    seen.answers += 1;
    seen.lastMs = Math.max(seen.lastMs, outcome.endedMs);
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Smallest latency that at least the given share of all lies at or below; 0 when there is none. */
function quantile(latencies: Uint32Array, total: number, share: number): number {
  let below = 0;
  for (const [latency, times] of latencies.entries()) {
    below += times;
    if (below > 0 && below >= share * total) return latency;
  }
  return 0;
}
