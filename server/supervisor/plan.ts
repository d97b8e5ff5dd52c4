import type { Place } from "../shard/place.ts";

/** What is known before anything is loaded. */
export interface Ground {
  /** Shards that are asked for: by the user, or one for each core. */
  readonly workers: number;
  /** Of the container, bytes; undefined: none is set. */
  readonly memoryLimitBytes: number | undefined;
  /** Of the model's files. */
  readonly modelBytes: number;
  /** Undefined: the graph could not be read ahead, and ONNX Runtime will say more. */
  readonly hasLoops: boolean | undefined;
}

export type Plan =
  | {
      readonly ok: true;
      readonly shards: number;
      /** Where each shard runs the model at first. */
      readonly place: Place;
      /** Bytes that the requests of one shard may hold. */
      readonly memoryBudgetBytes: number;
      /** Each shard may load the model twice, with weights of its own each time. */
      readonly hasRoomForTwo: boolean;
      /** Private memory of a shard up to which a second session may take as much as the first has; undefined: no limit is set. */
      readonly roomUpToBytes: number | undefined;
    }
  | { readonly ok: false; readonly message: string };

const mebibyte = 1024 ** 2;
/** What a supervisor takes, with the pages of programs and libraries that all processes share. */
const supervisorBytes = 80 * mebibyte;
/** What a shard takes beside the model, before its first request. */
const shardBytes = 40 * mebibyte;
/** ONNX Runtime keeps weights, and packs those of matrix products anew, which stand in for the old ones. */
const modelFactor = 1.2;
/** A run over so many weights takes long enough for a thread of its own, and to load them twice to find out takes longer. */
const largeModelBytes = 256 * mebibyte;
/** Of what is left, the part that requests may hold; the rest is for what the model makes while it runs. */
const requestShare = 0.35;
/** Of what is left, the part that a second session of each shard may take: those of most models take next to nothing. */
const secondShare = 0.1;
/** Less is no room for requests at all. */
const leastBudgetBytes = 4 * mebibyte;
/** Where no limit is set. */
const usualBudgetBytes = 1024 * mebibyte;
const usualSecondBytes = 128 * mebibyte;

/**
 * How many processes serve a model, and what each may use.
 *
 *     shards x (40 MiB + 1.2 x model) + 80 MiB + requests  <=  limit
 *
 * Fewer shards than asked for when the limit is too small for them; none, and a reason, when not even one fits.
 */
export function planShards({ workers, memoryLimitBytes, modelBytes, hasLoops }: Ground): Plan {
  const isRoom = (shards: number, bytes: number): boolean => shards * modelFactor * modelBytes <= bytes;
  const place: Place = hasLoops === true || modelBytes >= largeModelBytes ? "thread" : "inPlace";
  if (memoryLimitBytes === undefined) {
    const memoryBudgetBytes = Math.floor(usualBudgetBytes / workers);
    const hasRoomForTwo = isRoom(workers, usualSecondBytes);
    return { ok: true, shards: workers, place, memoryBudgetBytes, hasRoomForTwo, roomUpToBytes: undefined };
  }
  const each = shardBytes + modelFactor * modelBytes;
  for (let shards = workers; shards > 0; shards--) {
    const left = memoryLimitBytes - supervisorBytes - shards * each;
    const memoryBudgetBytes = Math.floor((left * requestShare) / shards);
    if (memoryBudgetBytes < leastBudgetBytes) continue;
    const hasRoomForTwo = isRoom(shards, secondShare * left);
    // What is beside the process's own beginnings comes twice, and all requests may come on top of it.
    const ownBytes = (memoryLimitBytes - supervisorBytes) / shards - memoryBudgetBytes;
    const roomUpToBytes = Math.floor((ownBytes + shardBytes) / 2);
    return { ok: true, shards, place, memoryBudgetBytes, hasRoomForTwo, roomUpToBytes };
  }
  const needed = supervisorBytes + each + leastBudgetBytes / requestShare;
  return {
    ok: false,
    message: `The model's files have ${inMebibytes(modelBytes)} MiB, for which the memory limit of ${inMebibytes(memoryLimitBytes)} MiB is too small. Raise resources.limits.memory to ${inMebibytes(needed)}Mi or more.`,
  };
}

function inMebibytes(bytes: number): number {
  return Math.ceil(bytes / mebibyte);
}
