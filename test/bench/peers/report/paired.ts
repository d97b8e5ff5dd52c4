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
  return median(pairsOf(ours, theirs).flatMap(([own, other]) => (other === 0 ? [] : [own / other])));
}

/** Median of ours - theirs over the turns that have both; undefined without such a turn. */
export function pairedDifference(ours: readonly TurnValue[], theirs: readonly TurnValue[]): number | undefined {
  return median(pairsOf(ours, theirs).map(([own, other]) => own - other));
}

function pairsOf(ours: readonly TurnValue[], theirs: readonly TurnValue[]): readonly (readonly [number, number])[] {
  const byTurn = new Map(theirs.map(({ turn, value }) => [turn, value]));
  return ours.flatMap(({ turn, value }) => {
    const other = byTurn.get(turn);
    return other === undefined ? [] : [[value, other] as const];
  });
}
