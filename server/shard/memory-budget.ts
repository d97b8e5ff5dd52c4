/**
 * Bytes that requests may hold between their first byte and the last one of their answer. Small bodies have a part of
 * their own, so that a few large ones that come slowly keep nobody else out.
 */
export interface MemoryBudget {
  readonly open: () => Ticket;
  /** More than this no request can ever have. */
  readonly largestBytes: number;
}

/** Of the budget: what is kept for the next requests is memory that was reserved once and given back, and is used all the same. */
const pooledShare = 1 / 8;

/** What each pool of buffers may keep beside the budget, which has two: of HTTP and of gRPC. `most`: where there is much. */
export function pooledBytesBeside(budgetBytes: number, most: number): number {
  return Math.min(most, Math.floor(pooledShare * budgetBytes));
}

/** What one request holds. */
export interface Ticket {
  /** False: there is no room for them now, or the ticket was given back; nothing is taken. */
  readonly take: (bytes: number) => boolean;
  /** Gives back so many of the bytes that were taken. */
  readonly giveBack: (bytes: number) => void;
  /** Gives back everything, for good: what still goes on for a client that has gone may take no more. Harmless when called again. */
  readonly give: () => void;
}

/** Requests up to here count as small: thousands of them fit, whatever the memory limit. */
export const smallBytes = 64 * 1024;
/** 256 small requests at once, as many as may wait by default. */
const smallBudgetBytes = 256 * smallBytes;

export function createMemoryBudget(limitBytes: number): MemoryBudget {
  let large = 0;
  let small = 0;
  return {
    largestBytes: limitBytes,
    open() {
      let mine = 0;
      let isLarge = false;
      let isOver = false;
      const give = (): void => {
        if (isLarge) large -= mine;
        else small -= mine;
        mine = 0;
        isOver = true;
      };
      return {
        give,
        giveBack(bytes) {
          if (isOver) return;
          mine -= bytes;
          // Who was large stays so: others may have taken the part for small ones meanwhile.
          if (isLarge) large -= bytes;
          else small -= bytes;
        },
        take(bytes) {
          if (isOver) return false;
          const wanted = mine + bytes;
          if (!isLarge && wanted <= smallBytes) {
            if (small + bytes > smallBudgetBytes) return false;
            small += bytes;
            mine = wanted;
            return true;
          }
          const more = isLarge ? bytes : wanted;
          if (large + more > limitBytes) return false;
          if (!isLarge) {
            small -= mine;
            isLarge = true;
          }
          large += more;
          mine = wanted;
          return true;
        },
      };
    },
  };
}
