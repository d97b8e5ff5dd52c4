import { clearRunSlot, type RunSlotPlace, runSlotsBytes } from "../../engine/lone-runs/run-slots.ts";
import { maximumLosses } from "../../engine/recent-losses.ts";
import { slotsDescriptor } from "../../shard/messages.ts";
import { openNamelessFile } from "./nameless-file.ts";

/** Gives each shard a place in which it tells the others when it runs. */
export interface SlotAllocation {
  /** For the shards, to be inherited. */
  readonly descriptor: number;
  /** Undefined: none is free. */
  readonly take: () => RunSlotPlace | undefined;
  readonly free: (place: RunSlotPlace) => void;
}

/** Shards that end, each beside the one that takes its place: with more of them the pod is over. */
const mostLeaving = maximumLosses;

/** Undefined where no folder can be written: then no shard knows of another, and no run counts as alone. */
export function createSlotAllocation(shards: number, folders: readonly string[]): SlotAllocation | undefined {
  const slots = shards + mostLeaving;
  for (const folder of folders) {
    const descriptor = openNamelessFile(folder, runSlotsBytes(slots));
    if (descriptor === undefined) continue;
    const taken = new Set<number>();
    return {
      descriptor,
      take() {
        for (let slot = 0; slot < slots; slot++) {
          if (taken.has(slot)) continue;
          taken.add(slot);
          return { descriptor: slotsDescriptor, slot, slots };
        }
        return undefined;
      },
      free({ slot }) {
        // It may have ended inside a run.
        clearRunSlot(descriptor, slot);
        taken.delete(slot);
      },
    };
  }
  return undefined;
}
