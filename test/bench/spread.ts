export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/** By nearest rank; zeros when there is nothing. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0);
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), most: at(1) };
}

/** To a thousandth: no figure here is known better. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

export function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

export function seconds(valueMs: number): string {
  return `${(valueMs / 1000).toFixed(valueMs < 10_000 ? 2 : 1)} s`;
}

/** Of processor time, which may be a small part of a millisecond. */
export function cpuTime(valueMs: number): string {
  return Math.abs(valueMs) < 1 ? `${Math.round(valueMs * 1000)} µs` : `${valueMs.toFixed(2)} ms`;
}
