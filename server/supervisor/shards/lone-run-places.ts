import type { LoneRunsSettings } from "../../engine/lone-runs/add-lone-runs.ts";
import type { RunSlotPlace } from "../../engine/lone-runs/run-slots.ts";
import { namelessFileFolders } from "./nameless-file.ts";
import { createSlotAllocation } from "./slot-allocation.ts";

export interface LoneRunPlacesOptions {
  readonly shards: number;
  /** Of a run that is the only one of all shards; undefined: as many as of others. */
  readonly threads: number | undefined;
  /** Each shard may load the model twice, also where it is not packed. */
  readonly hasRoomForTwo: boolean;
  /** Private memory of a shard up to which it may take as much again; undefined: no limit is set. */
  readonly roomUpToBytes: number | undefined;
  /** That a run may take. */
  readonly runSeconds: number;
}

/** What each shard needs for runs that are alone. */
export interface LoneRunPlaces {
  /** Of the file that shards inherit; undefined: they need none. */
  readonly descriptor: number | undefined;
  readonly take: () => RunSlotPlace | undefined;
  readonly free: (place: RunSlotPlace | undefined) => void;
  /** Undefined: all its runs use the same threads. */
  readonly settings: (place: RunSlotPlace | undefined, isPacked: boolean) => LoneRunsSettings | undefined;
}

/** Of the time that a run may take: it is made again, with other threads. */
const longestTrialShare = 0.25;

export function createLoneRunPlaces(options: LoneRunPlacesOptions): LoneRunPlaces {
  const { shards, threads, hasRoomForTwo, roomUpToBytes, runSeconds } = options;
  const isOnlyOne = shards === 1;
  const slots = threads === undefined || isOnlyOne ? undefined : createSlotAllocation(shards, namelessFileFolders);
  return {
    descriptor: slots?.descriptor,
    take: () => slots?.take(),
    free(place) {
      if (place !== undefined) slots?.free(place);
    },
    settings(place, isPacked) {
      // Of a shard that cannot tell the others of its runs, none is alone.
      const isTold = place !== undefined || isOnlyOne;
      if (threads === undefined || !isTold || !(isPacked || hasRoomForTwo)) return undefined;
      return { threads, slot: place, longestTrialSeconds: runSeconds * longestTrialShare, roomUpToBytes };
    },
  };
}
