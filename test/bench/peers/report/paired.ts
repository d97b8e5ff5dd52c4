/** One value of one turn. */
export interface TurnValue {
  readonly turn: number;
  readonly value: number;
}

/** Undefined when there is nothing; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2;
}

/**
 * Median of ours / theirs over the turns that have both: what the machine did meanwhile was done to both. Undefined without
 * such a turn. A turn in which theirs is 0 says nothing and is left out.
 */
export function pairedRatio(ours: readonly TurnValue[], theirs: readonly TurnValue[]): number | undefined {
  const byTurn = new Map(theirs.map(({ turn, value }) => [turn, value]));
  const ratios = ours.flatMap(({ turn, value }) => {
    const other = byTurn.get(turn);
    return other === undefined || other === 0 ? [] : [value / other];
  });
  return median(ratios);
}
