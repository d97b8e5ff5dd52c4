import type { BufferPool } from "../../bytes/buffer-pool.ts";
import { createBodyStore } from "../../bytes/body-store.ts";
import { createInflater, inflaterBytes } from "../../bytes/inflater.ts";
import { isProblem, type Problem, problems } from "../../errors.ts";
import { grpcProblems } from "../grpc-problems.ts";
import type { Bytes } from "../wire/reader.ts";

export interface InflateOptions {
  readonly limitBytes: number;
  /** Reserves memory for a part of the message before it is kept; false: there is none. */
  readonly take: (bytes: number) => boolean;
  /** Where the memory of a large message comes from. */
  readonly pool: BufferPool;
}

/** A compressed message on its way to what it was. */
export interface Inflation {
  /** Undefined when it was released before. */
  readonly message: Promise<Bytes | Problem | undefined>;
  /** Nobody may look into the message any more. */
  readonly release: () => void;
}

const messageEncodings = ["gzip", "deflate"] as const;

export type MessageEncoding = (typeof messageEncodings)[number];

/** Whether a call's messages may be compressed so. */
export function isMessageEncoding(encoding: string): encoding is MessageEncoding {
  return messageEncodings.some((known) => known === encoding);
}

/** What a client may write to grpc-encoding. */
export const acceptedEncodings = ["identity", ...messageEncodings].join(",");

/**
 * The message comes in parts, and none is kept beyond the limits: some kilobytes can stand for as many gigabytes. Memory that is
 * given up is freed at once: 64 messages of 40 MB that were refused and waited for a collection have taken 350 MB.
 */
export function inflate(bytes: Bytes, encoding: MessageEncoding, options: InflateOptions): Inflation {
  const { promise: message, resolve } = Promise.withResolvers<Bytes | Problem | undefined>();
  const { take, pool } = options;
  const store = take(inflaterBytes[encoding]) ? createBodyStore(options, pool, -1) : problems.bodiesTooMany();
  if (isProblem(store)) {
    resolve(store);
    return { message, release: () => undefined };
  }
  const release = (): void => {
    inflater.destroy();
    store.release();
    resolve(undefined);
  };
  const refuse = (problem: Problem): void => {
    resolve(problem);
    release();
  };
  const inflater = createInflater(encoding, {
    output(piece) {
      const problem = store.append(piece);
      if (problem !== undefined) refuse(problem);
    },
    ready: () => inflater.end(),
    finished: () => resolve(store.whole()),
    broken: () => refuse(grpcProblems.badMessageCompression(encoding)),
  });
  inflater.write(bytes);
  return { message, release };
}
