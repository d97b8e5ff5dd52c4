import type { Socket } from "node:net";
import type { ReplyPart, ReplyParts } from "../handler.ts";
import type { BodyLength } from "./reply-head.ts";

/** An answer that did not fit into one write. */
export interface ReplyWriter {
  /** The piece that the kernel has to take, and since when (awake milliseconds). */
  waiting(): { readonly bytes: number; readonly since: number };
  /** The connection is gone: nothing is pulled any more. */
  abort(): void;
}

export interface ReplyWriterOptions {
  readonly socket: Socket;
  readonly head: string;
  readonly parts: ReplyParts;
  /** With a length, exactly so many bytes are sent. */
  readonly body: BodyLength;
  /** Awake milliseconds. */
  readonly now: () => number;
  /** The kernel has all of it. Never called from within the call that begins. */
  readonly sent: () => void;
  /** The parts threw, or were not as long as was said. `isBegun`: some of the answer is written, so it cannot be another. */
  readonly failed: (error: unknown, isBegun: boolean) => void;
}

/** The usual case, an answer of at most one piece: one write of one string, or one of several parts together. */
export function writeSmallReply(socket: Socket, head: string, parts: readonly ReplyPart[], length: number): void {
  const [only] = parts;
  if (length === 0) {
    socket.write(head, "latin1");
  } else if (parts.length === 1 && typeof only === "string") {
    // As many bytes as characters: ASCII, which is written faster as Latin-1.
    socket.write(head + only, only.length === length ? "latin1" : "utf8");
  } else {
    socket.cork();
    socket.write(head, "latin1");
    for (const part of parts) if (part.length > 0) socket.write(part);
    socket.uncork();
  }
}

/** Whether {@link writeSmallReply} may take it. */
export function isSmallReply(parts: readonly ReplyPart[], length: number): boolean {
  return length <= pieceBytes && parts.length <= pieceParts;
}

/** Bytes of all parts together. */
export function lengthOf(parts: readonly ReplyPart[]): number {
  let length = 0;
  for (const part of parts) length += typeof part === "string" ? Buffer.byteLength(part) : part.length;
  return length;
}

/** Pieces of this size are given to the kernel, the next when it has taken the last: what a client does not read stays with the parts. */
const pieceBytes = 256 * 1024;
/** Parts of a piece: the kernel takes 1024 at a time. */
const pieceParts = 1000;
/** After this the other connections have their turn, even when a client takes all at once. */
const turnBytes = 1024 * 1024;

export function writeReply(options: ReplyWriterOptions): ReplyWriter {
  const { socket, head, body, now } = options;
  const parts = options.parts[Symbol.iterator]();
  const isChunked = body === "chunked";
  let left = typeof body === "object" ? body.length : Number.POSITIVE_INFINITY;
  /** The rest of a part that was larger than a piece. */
  let rest: Uint8Array | undefined;
  let isEnded = false;
  let isOver = false;
  let isBegun = false;
  let waiting = { bytes: 0, since: now() };

  /** The next parts, at least one byte of them unless they are at their end. */
  const nextPiece = (): { readonly parts: ReplyPart[]; readonly bytes: number } => {
    const piece: ReplyPart[] = [];
    let bytes = 0;
    while (bytes < pieceBytes && piece.length < pieceParts && !isEnded) {
      const part = rest ?? nextPart();
      rest = undefined;
      if (part === undefined) {
        isEnded = true;
        break;
      }
      const size = typeof part === "string" ? Buffer.byteLength(part) : part.length;
      if (size === 0) continue;
      if (bytes + size <= pieceBytes) {
        piece.push(part);
        bytes += size;
        continue;
      }
      const all = typeof part === "string" ? Buffer.from(part) : part;
      const room = pieceBytes - bytes;
      piece.push(all.subarray(0, room));
      rest = all.subarray(room);
      bytes += room;
    }
    return { parts: piece, bytes };
  };
  const nextPart = (): ReplyPart | undefined => {
    const result = parts.next();
    return result.done === true ? undefined : result.value;
  };

  const mayGoOn = (): boolean => !isEnded && socket.writableLength === 0;
  /** Writes until the kernel is full, the turn is over or all is written. */
  const write = (prefix: string): void => {
    if (isOver) return;
    let turn = 0;
    let before = prefix;
    do {
      const piece = nextPiece();
      left -= piece.bytes;
      if (left < 0 || (isEnded && Number.isFinite(left) && left > 0)) throw new LengthError();
      waiting = { bytes: piece.bytes, since: now() };
      isBegun = true;
      socket.cork();
      if (before !== "") socket.write(before, "latin1");
      before = "";
      if (isChunked && piece.bytes > 0) socket.write(`${piece.bytes.toString(16)}\r\n`, "latin1");
      for (const part of piece.parts) socket.write(part);
      if (isChunked && piece.bytes > 0) socket.write("\r\n", "latin1");
      if (isChunked && isEnded) socket.write("0\r\n\r\n", "latin1");
      socket.uncork();
      turn += piece.bytes;
    } while (mayGoOn() && turn < turnBytes);
    if (socket.writableLength > 0) socket.write(nothing, goOn);
    else setImmediate(goOn);
  };
  const goOn = (error?: Error | null): void => {
    if (isOver || (error !== undefined && error !== null)) return;
    if (isEnded) {
      isOver = true;
      options.sent();
      return;
    }
    guarded("");
  };
  const guarded = (prefix: string): void => {
    try {
      write(prefix);
    } catch (error) {
      isOver = true;
      options.failed(error, isBegun);
    }
  };
  guarded(head);

  return {
    waiting: () => waiting,
    abort() {
      if (isOver) return;
      isOver = true;
      if (!isEnded) parts.return?.();
    },
  };
}

class LengthError extends Error {
  override readonly name = "LengthError";
  constructor() {
    super("the parts of an answer have another length than was said");
  }
}

const nothing = new Uint8Array(0);
