import { type Problem, problems } from "../errors.ts";
import { type BufferPool, pooledFromBytes } from "./buffer-pool.ts";

export interface BodyPlan {
  /** After its compression was undone; a larger body is refused. */
  readonly limitBytes: number;
  /**
   * Reserves memory before it is used; false: the body is refused with 503. Called with the length where it is
   * known, and for each growth where it is not. Whoever made the plan gives back.
   */
  take(bytes: number): boolean;
  /** Bytes, few, of the body's memory to leave free before it: they decide where in memory what is in it lies. */
  readonly bytesBefore?: number;
}

/** The memory of one body. Nothing is held that `plan.take` did not allow before, one copy in the process apart. */
export interface BodyStore {
  append(bytes: Uint8Array): Problem | undefined;
  /** All that was appended, `bytesBefore` behind the beginning of its buffer. */
  whole(): Buffer<ArrayBuffer>;
  /** Its bytes are gone then. */
  release(): void;
}

/** What a body of unknown length begins with. */
const firstBytes = 16 * 1024;

/** `bytes`: how long the body will be, or -1. Reserves as much, or as it grows. */
export function createBodyStore(plan: BodyPlan, pool: BufferPool, bytes: number): BodyStore | Problem {
  const capacity = bytes === -1 ? Math.min(firstBytes, plan.limitBytes) : bytes;
  if (!plan.take(capacity)) return problems.bodiesTooMany();
  const before = plan.bytesBefore ?? 0;
  let store = memory(pool, before, capacity);
  let reserved = capacity;
  let length = 0;

  /** Twice as large, so that a body is copied once on the average; the old memory lives on for the copy alone. */
  const grow = (needed: number): Problem | undefined => {
    const next = Math.min(plan.limitBytes, Math.max(needed, 2 * reserved));
    if (!plan.take(next - reserved)) return problems.bodiesTooMany();
    const larger = memory(pool, before, next);
    larger.set(store.subarray(0, length));
    release();
    store = larger;
    reserved = next;
    return undefined;
  };
  const release = (): void => {
    if (store.byteLength >= pooledFromBytes) pool.give(store.buffer);
    store = nothing;
  };

  return {
    append(added) {
      const needed = length + added.length;
      if (needed > plan.limitBytes) return problems.bodyTooLarge(plan.limitBytes);
      if (needed > reserved) {
        const problem = grow(needed);
        if (problem !== undefined) return problem;
      }
      store.set(added, length);
      length = needed;
      return undefined;
    },
    whole: () => store.subarray(0, length),
    release,
  };
}

const nothing = Buffer.alloc(0);

function memory(pool: BufferPool, before: number, bytes: number): Buffer<ArrayBuffer> {
  const isPooled = bytes >= pooledFromBytes;
  const buffer = isPooled ? pool.take(before + bytes) : Buffer.allocUnsafeSlow(before + bytes).buffer;
  return Buffer.from(buffer, before, bytes);
}
