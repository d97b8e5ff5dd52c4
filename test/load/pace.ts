/**
 * When a connection sends: the slots of all connections lie evenly spaced, and connection `index` of `connections`
 * takes every `connections`-th, its turns. A turn that passed while the answer before it was awaited is left out,
 * never made up for: the rate is a bound, so a slow server sees fewer requests and no bursts.
 */
export interface Pace {
  readonly startMs: number;
  readonly ratePerSecond: number;
  readonly connections: number;
}

export function turnMs(pace: Pace, index: number, turn: number): number {
  return pace.startMs + ((turn * pace.connections + index) * 1000) / pace.ratePerSecond;
}

/** The first turn of a connection that is still to come at `nowMs` and is not before `earliest`. */
export function nextTurn(pace: Pace, index: number, earliest: number, nowMs: number): number {
  const periodMs = (pace.connections * 1000) / pace.ratePerSecond;
  return Math.max(earliest, Math.ceil((nowMs - turnMs(pace, index, 0)) / periodMs));
}
