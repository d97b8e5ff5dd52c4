import { isProblem, type Problem, problems } from "../../errors.ts";
import { httpProblems } from "../http-problems.ts";
import { type BodyPlan, type BodyStore, createBodyStore } from "../../bytes/body-store.ts";
import type { BufferPool } from "../../bytes/buffer-pool.ts";
import { type ChunkedDecoder, createChunkedDecoder } from "./chunked.ts";
import type { Framing } from "../request/framing.ts";
import { createInflater, type Inflater, inflaterBytes, windowBytes } from "../../bytes/inflater.ts";
import { compressionOf } from "./content-encoding.ts";

/** A body that is being received: its framing and compression taken off, within its plan. */
export interface BodyReception {
  /** Takes of `bytes` from `offset` on what belongs to the body, and returns where it stopped. */
  feed(bytes: Uint8Array, offset: number): number;
  /** False: nothing may be fed, until `ready`. */
  readonly isReady: boolean;
  /** Of the body as it is on the wire, framing included. */
  readonly received: number;
  /** Whether its last byte was fed. */
  readonly isComplete: boolean;
  /** Gives its memory up; no event comes any more. */
  release(): void;
}

export interface BodyEvents {
  readonly whole: (body: Uint8Array) => void;
  readonly refused: (problem: Problem) => void;
  readonly ready: () => void;
}

/**
 * The usual case, without a reception: a body that came whole with its head and is not compressed. Undefined when it is
 * another case.
 */
export function bodyAtOnce(
  { bodyBytes, contentEncoding }: Framing,
  plan: BodyPlan,
  bytes: Uint8Array,
  offset: number,
): Uint8Array | Problem | undefined {
  if (bodyBytes < 0 || bodyBytes > bytes.length - offset || contentEncoding !== "") return undefined;
  if (bodyBytes > plan.limitBytes) return problems.bodyTooLarge(plan.limitBytes);
  if (!plan.take(bodyBytes)) return problems.bodiesTooMany();
  // The bytes are the next read's when this turn is over, and a body waits for its run.
  const body = Buffer.allocUnsafe(bodyBytes);
  body.set(bytes.subarray(offset, offset + bodyBytes));
  return body;
}

/** The framing says that there is a body. A problem: it cannot be received, and nothing was reserved but what `over` gives back. */
export function createBodyReception(
  framing: Framing,
  plan: BodyPlan,
  pool: BufferPool,
  events: BodyEvents,
): BodyReception | Problem {
  const compression = compressionOf(framing.contentEncoding);
  if (isProblem(compression)) return compression;
  if (framing.bodyBytes > plan.limitBytes) return problems.bodyTooLarge(plan.limitBytes);
  if (compression !== undefined && !plan.take(inflaterBytes[compression])) return problems.bodiesTooMany();
  let store: BodyStore | undefined;
  const created = framing.bodyBytes === -1 || compression !== undefined ? -1 : framing.bodyBytes;
  const isReserved = created !== -1;
  if (isReserved && !plan.take(created)) return problems.bodiesTooMany();
  const storePlan: BodyPlan = isReserved ? { ...plan, take: () => true } : plan;

  const chunked: ChunkedDecoder | undefined = framing.bodyBytes === -1 ? createChunkedDecoder() : undefined;
  let remaining = framing.bodyBytes;
  let received = 0;
  let isReady = true;
  let isComplete = false;
  let isOver = false;

  const keep = (piece: Uint8Array): Problem | undefined => {
    if (store === undefined) {
      const made = createBodyStore(storePlan, pool, created);
      if (isProblem(made)) return made;
      store = made;
    }
    return store.append(piece);
  };
  const refuse = (problem: Problem): void => {
    if (isOver) return;
    release();
    events.refused(problem);
  };
  const whole = (body: Uint8Array): void => {
    isOver = true;
    events.whole(body);
  };
  const inflater: Inflater | undefined =
    compression === undefined
      ? undefined
      : createInflater(compression, {
          output(piece) {
            const problem = keep(piece);
            if (problem !== undefined) refuse(problem);
          },
          broken(cause) {
            refuse(
              cause === "window" ? httpProblems.windowTooLarge(windowBytes) : httpProblems.badCompression(compression),
            );
          },
          finished: () => whole(store?.whole() ?? nothing),
          ready() {
            isReady = true;
            if (isComplete) inflater?.end();
            else events.ready();
          },
        });
  const release = (): void => {
    isOver = true;
    inflater?.destroy();
    store?.release();
    store = undefined;
  };

  const accept = (piece: Uint8Array): void => {
    if (inflater !== undefined) {
      isReady = false;
      // It reads them later, on a thread of its own.
      inflater.write(Uint8Array.prototype.slice.call(piece));
      return;
    }
    const problem = keep(piece);
    if (problem !== undefined) refuse(problem);
  };
  const complete = (): void => {
    isComplete = true;
    if (isOver) return;
    if (inflater === undefined) whole(store?.whole() ?? nothing);
    else if (isReady) inflater.end();
  };

  const feedLength = (bytes: Uint8Array, offset: number): number => {
    const end = Math.min(bytes.length, offset + remaining);
    const piece = bytes.subarray(offset, end);
    received += piece.length;
    remaining -= piece.length;
    accept(piece);
    if (remaining === 0) complete();
    return end;
  };

  const mayFeed = (): boolean => isReady && !isOver && !isComplete;
  const feedChunked = (decoder: ChunkedDecoder, bytes: Uint8Array, from: number): number => {
    let offset = from;
    while (offset < bytes.length && mayFeed()) {
      const next = decoder.step(bytes, offset);
      received += next - offset;
      offset = next;
      if (decoder.data.length > 0) accept(decoder.data);
      if (decoder.state === "malformed") refuse(httpProblems.badChunks());
      if (decoder.state === "done") complete();
    }
    return offset;
  };

  return {
    feed: (bytes, offset) => (chunked === undefined ? feedLength(bytes, offset) : feedChunked(chunked, bytes, offset)),
    get isReady() {
      return isReady;
    },
    get received() {
      return received;
    },
    get isComplete() {
      return isComplete;
    },
    release,
  };
}

const nothing = new Uint8Array(0);
