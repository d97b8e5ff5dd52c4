/** One answered request, without anything of its body or its sender. */
export interface RecentRequest {
  readonly secondsAgo: number;
  /** A template, as in the metrics. */
  readonly route: string;
  readonly status: number;
  readonly milliseconds: number;
}

export interface RecentRequests {
  /** Called once for each answer: no more than a write into an array. */
  readonly add: (route: string, status: number, seconds: number) => void;
  /** The newest first. */
  readonly list: () => readonly RecentRequest[];
}

interface Entry {
  readonly at: number;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** What fits on a page. */
const kept = 50;
/** Probes come every few seconds and would push out everything else; the page would show itself. */
const quietRoutes: ReadonlySet<string> = new Set([
  "/",
  "/docs",
  "/openapi.json",
  "/page/recent",
  "/page/{file}",
  "preflight",
  "/v2/health/live",
  "/v2/health/ready",
  "/v2/models/{model}/ready",
]);

/** The last requests, for people to look at. `now`: monotonic, milliseconds. */
export function createRecentRequests(now: () => number): RecentRequests {
  const ring: Entry[] = [];
  let next = 0;
  return {
    add(route, status, seconds) {
      if (quietRoutes.has(route)) return;
      ring[next] = { at: now(), route, status, seconds };
      next = (next + 1) % kept;
    },
    list() {
      const time = now();
      return [...ring.slice(next), ...ring.slice(0, next)].toReversed().map(({ at, route, status, seconds }) => ({
        secondsAgo: round((time - at) / 1000),
        route,
        status,
        milliseconds: round(seconds * 1000),
      }));
    },
  };
}

/** The last of all, the newest first, from lists of which each is in that order. */
export function mergeRecent(lists: readonly (readonly RecentRequest[])[]): readonly RecentRequest[] {
  return lists
    .flat()
    .toSorted((one, other) => one.secondsAgo - other.secondsAgo)
    .slice(0, kept);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
