import type { RunSlotPlace } from "../../engine/lone-runs/run-slots.ts";
import type { ShardCounts } from "../../shard/messages.ts";
import type { ShardEnd, ShardProcess } from "./start-shard.ts";

/** What the supervisor knows of one shard. */
export interface Shard {
  readonly child: ShardProcess;
  /** Where it tells the others that it runs. */
  readonly slot: RunSlotPlace | undefined;
  /** Connections handed over that have not ended. */
  open: number;
  isLoaded: boolean;
  isUsable: boolean;
  /** It was told to load the packed model. */
  readonly isPacked: boolean;
  /** While it runs the model on zeros: ends it if that takes too long. */
  warmUpTimer: NodeJS.Timeout | undefined;
  /** When it last said anything: it does so every second, unless a run in place stops it. */
  heard: number;
  /** Nothing else is to be given to it: it is ending. */
  isLeaving: boolean;
  /** It was ended here because it said nothing for too long. */
  isSilent: boolean;
  counts: ShardCounts | undefined;
  onCounts: (() => void)[];
}

/**
 * The end of a process by what it ran itself. Not by SIGKILL, which comes from outside: from the kernel for memory that
 * anything here may have taken, or from this process.
 */
export function isCrash({ isSilent }: Shard, { signal }: ShardEnd): boolean {
  return !isSilent && signal !== null && signal !== "SIGKILL";
}

/** For people: how its process ended. */
export function describeEnd({ isSilent }: Shard, { signal, code }: ShardEnd, runSeconds: number): string {
  if (isSilent) {
    return `a run of the model took longer than the ${runSeconds} s that are allowed, and cannot be interrupted`;
  }
  return signal === null
    ? `a process of the engine ended with code ${code}`
    : `a process of the engine was ended by ${signal}`;
}
