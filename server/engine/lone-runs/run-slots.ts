import { readSync, writeSync } from "node:fs";

/**
 * Which shards of a pod run the model, in a file without a name, in memory, that all of them have open: for each a slot of
 * eight bytes, a float64 in the machine's order, which says when its last run ended.
 *
 *     0            none yet
 *     Infinity     a run is under way
 *     else         milliseconds on the machine's monotonic clock, which all processes share
 */
export interface RunSlot {
  /** A run begins here. */
  readonly begin: () => void;
  /** It is over. */
  readonly end: () => void;
  /** Nobody else runs, nor has done so for some milliseconds. */
  readonly isAlone: (quietMilliseconds: number) => boolean;
}

/** Where a shard finds its slot; sent to it, and on to its thread. */
export interface RunSlotPlace {
  readonly descriptor: number;
  readonly slot: number;
  readonly slots: number;
}

const slotBytes = Float64Array.BYTES_PER_ELEMENT;

export function runSlotsBytes(slots: number): number {
  return slots * slotBytes;
}

/** `now`: the machine's monotonic clock, milliseconds. Some microseconds a call. */
export function runSlotAt({ descriptor, slot, slots }: RunSlotPlace, now: () => number): RunSlot {
  const own = new Float64Array(1);
  const all = new Float64Array(slots);
  const write = (value: number): void => {
    own[0] = value;
    writeSync(descriptor, own, 0, slotBytes, slot * slotBytes);
  };
  return {
    begin: () => write(Infinity),
    end: () => write(now()),
    isAlone(quietMilliseconds) {
      readSync(descriptor, all, 0, slots * slotBytes, 0);
      const since = now() - quietMilliseconds;
      return all.every((ended, index) => index === slot || ended <= since);
    },
  };
}

/** Says of a slot whose shard is over that nothing runs there. */
export function clearRunSlot(descriptor: number, slot: number): void {
  writeSync(descriptor, new Float64Array(1), 0, slotBytes, slot * slotBytes);
}

/** Of the only shard of its pod. */
export const onlyRunSlot: RunSlot = { begin: ignore, end: ignore, isAlone: () => true };

function ignore(): void {
  // There is nobody to tell.
}
