import type { BodyPlan } from "../../bytes/body-store.ts";
import { isProblem, type Problem } from "../../errors.ts";
import { beginPace, type Pace } from "../pace.ts";
import type { Framing } from "../request/framing.ts";
import { type BodyEvents, type BodyReception, bodyAtOnce, createBodyReception } from "./body-reception.ts";
import type { BufferPool } from "../../bytes/buffer-pool.ts";

/** The body of the request under way on one connection, and what of it is still to come. Holds the body's memory. */
export class IncomingBody {
  readonly #pool: BufferPool;
  readonly #events: BodyEvents;
  #framing: Framing | undefined;
  #reception: BodyReception | undefined;
  #pace: Pace | undefined;
  #unread = 0;

  constructor(pool: BufferPool, events: BodyEvents) {
    this.#pool = pool;
    this.#events = events;
  }

  /** Bytes on the wire that belong to the request and were not taken yet; infinite for a chunked body. */
  get unread(): number {
    return this.#unread;
  }

  /** Bytes on the wire as its request declares them, -1 if unknown. */
  get declared(): number {
    return this.#framing?.bodyBytes ?? 0;
  }

  get isContinueExpected(): boolean {
    return this.#framing?.isContinueExpected === true;
  }

  /** Whether what comes may be fed to it. */
  get isReady(): boolean {
    return this.#reception !== undefined && this.#reception.isReady && !this.#reception.isComplete;
  }

  /** Whether its end has not come yet. */
  get isIncomplete(): boolean {
    return this.#reception?.isComplete === false;
  }

  get reception(): BodyReception | undefined {
    return this.#reception;
  }

  get pace(): Pace | undefined {
    return this.#pace;
  }

  begin(framing: Framing | undefined): void {
    this.#framing = framing;
    // Where a body of unknown framing ends, nobody can tell.
    this.#unread = framing === undefined || framing.bodyBytes === -1 ? Number.POSITIVE_INFINITY : framing.bodyBytes;
  }

  /** All of it, when it came with its head. Undefined: it is received from now on, and the events tell the rest. */
  open(
    framing: Framing,
    plan: BodyPlan,
    bytes: Uint8Array,
    offset: number,
    now: number,
  ): Uint8Array | Problem | undefined {
    const body =
      bodyAtOnce(framing, plan, bytes, offset) ?? createBodyReception(framing, plan, this.#pool, this.#events);
    if (isProblem(body) || body instanceof Uint8Array) return body;
    this.#reception = body;
    this.#pace = beginPace(now, 0);
    return undefined;
  }

  /** Takes of `bytes` from `offset` on what belongs to the body, and returns where it stopped. Only while it is ready. */
  feed(bytes: Uint8Array, offset: number): number {
    return this.#reception?.feed(bytes, offset) ?? offset;
  }

  /** Its last byte was taken. */
  end(): void {
    this.#unread = 0;
  }

  /** The answer comes before the body: what of it was not taken yet stays unread. */
  stop(): void {
    if (this.#reception === undefined || this.#framing === undefined) return;
    if (this.#reception.isComplete) this.#unread = 0;
    else if (this.#framing.bodyBytes !== -1) this.#unread = this.#framing.bodyBytes - this.#reception.received;
    this.#reception.release();
  }

  /** Reads over what of an answered request is unread, and returns where it stopped. */
  discard(bytes: Uint8Array, offset: number): number {
    const count = Math.min(this.#unread, bytes.length - offset);
    this.#unread -= count;
    return offset + count;
  }

  /** Its request is over. */
  release(): void {
    this.#reception?.release();
    this.#reception = undefined;
    this.#framing = undefined;
  }
}
