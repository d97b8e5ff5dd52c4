import { type BufferPool, pooledFromBytes } from "../../bytes/buffer-pool.ts";
import type { Bytes } from "../wire/reader.ts";
import { type Problem, problems } from "../../errors.ts";
import { grpcProblems } from "../grpc-problems.ts";
import { bytesToAlignment } from "../../protocol/read/aligned-numbers.ts";
import { prefixBytes } from "../wire/message-frame.ts";

export interface ReceiverOptions {
  readonly limitBytes: number;
  /** Reserves memory for a message before any of it is kept; false: there is none. */
  readonly take: (bytes: number) => boolean;
  /** Where the memory of a large message comes from. */
  readonly pool: BufferPool;
  /** Where in the message something begins that wants to lie as a tensor does, judged by its first part. */
  readonly alignedOffset: (part: Bytes) => number | undefined;
  /** A message is whole. `bytes` may be a view of what came from the socket. */
  readonly onMessage: (bytes: Bytes, isCompressed: boolean) => void;
  /** Nothing more is wanted. */
  readonly onProblem: (problem: Problem) => void;
}

/** Cuts the data of a call into its messages. */
export interface MessageReceiver {
  readonly push: (chunk: Bytes) => void;
  /** Bytes that have come so far, of all messages. */
  readonly received: () => number;
  /** Whether the data ends in the middle of a message. */
  readonly isWithinMessage: () => boolean;
  /** Gives the memory of its messages back: nobody may look into them any more. */
  readonly release: () => void;
}

/** The message that is being received. */
interface Incoming {
  readonly bytes: Bytes;
  readonly isCompressed: boolean;
  filled: number;
}

export function createMessageReceiver(options: ReceiverOptions): MessageReceiver {
  const prefix = Buffer.alloc(prefixBytes);
  let prefixFilled = 0;
  let incoming: Incoming | undefined;
  let received = 0;
  let isOver = false;
  const pooled: ArrayBuffer[] = [];

  const refuse = (problem: Problem): void => {
    isOver = true;
    incoming = undefined;
    options.onProblem(problem);
  };

  /** Takes what of `chunk` belongs to the prefix; gives where the rest begins. */
  const takePrefix = (chunk: Bytes, start: number): number => {
    const end = Math.min(chunk.length, start + prefixBytes - prefixFilled);
    chunk.copy(prefix, prefixFilled, start, end);
    prefixFilled += end - start;
    return end;
  };

  const begin = (chunk: Bytes, start: number): number => {
    prefixFilled = 0;
    const flag = prefix[0] ?? 0;
    const length = prefix.readUInt32BE(1);
    if (flag > 1) {
      refuse(grpcProblems.badFrame(`the message's first byte is ${flag}; it is 1 for a compressed one, else 0`));
      return chunk.length;
    }
    if (length > options.limitBytes) {
      refuse(problems.bodyTooLarge(options.limitBytes));
      return chunk.length;
    }
    if (!options.take(length)) {
      refuse(problems.bodiesTooMany());
      return chunk.length;
    }
    if (length <= chunk.length - start) {
      options.onMessage(chunk.subarray(start, start + length), flag === 1);
      return start + length;
    }
    const part = chunk.subarray(start);
    const isCompressed = flag === 1;
    incoming = { bytes: memory(length, isCompressed, options.alignedOffset(part)), isCompressed, filled: 0 };
    return start;
  };

  /**
   * For a message, placed so that the byte at `offset` lies where a tensor is used in place. One that is compressed is read on
   * another thread, for as long as that takes, and never given to the next.
   */
  const memory = (length: number, isCompressed: boolean, offset = 0): Bytes => {
    const padding = bytesToAlignment(offset);
    if (isCompressed || length + padding < pooledFromBytes) {
      return Buffer.allocUnsafeSlow(length + padding).subarray(padding);
    }
    const buffer = options.pool.take(length + padding);
    pooled.push(buffer);
    return Buffer.from(buffer, padding, length);
  };

  const fill = (message: Incoming, chunk: Bytes, start: number): number => {
    const end = Math.min(chunk.length, start + message.bytes.length - message.filled);
    chunk.copy(message.bytes, message.filled, start, end);
    message.filled += end - start;
    if (message.filled === message.bytes.length) {
      incoming = undefined;
      options.onMessage(message.bytes, message.isCompressed);
    }
    return end;
  };

  return {
    push(chunk) {
      received += chunk.length;
      // After a refusal, the rest of the chunk was passed over.
      let position = isOver ? chunk.length : 0;
      while (position < chunk.length) {
        if (incoming !== undefined) {
          position = fill(incoming, chunk, position);
          continue;
        }
        position = takePrefix(chunk, position);
        if (prefixFilled === prefixBytes) position = begin(chunk, position);
      }
    },
    received: () => received,
    isWithinMessage: () => incoming !== undefined || prefixFilled > 0,
    release() {
      isOver = true;
      incoming = undefined;
      for (const buffer of pooled.splice(0)) options.pool.give(buffer);
    },
  };
}
