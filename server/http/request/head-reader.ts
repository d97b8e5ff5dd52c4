import type { Problem } from "../../errors.ts";
import { httpProblems } from "../http-problems.ts";
import { createHeadParser, type HeadParser, type RequestHead } from "./parser.ts";

/** Reads the heads of one connection, each from as many pieces as it comes in. */
export interface HeadReader {
  /** Goes on at `offset`, and returns where the head ends, or the end of the bytes when it is not complete. */
  read(bytes: Uint8Array, offset: number): number | Problem;
  /** What the last read completed. */
  readonly head: RequestHead | undefined;
  /** A part of a head is there. */
  readonly isWithin: boolean;
  /** It is not needed any more. */
  close(): void;
}

/** Parsers that are not in use. A head rarely comes in two pieces, so one parser serves nearly all connections. */
export type IdleParsers = HeadParser[];

/** Whitespace around headers is not counted by the parser: a head of nothing else would have no end. */
const headBytesFactor = 4;
const maximumIdleParsers = 4;
const [carriageReturn, lineFeed] = [0x0d, 0x0a];

export function createHeadReader(headerBytes: number, parsers: IdleParsers): HeadReader {
  let parser: HeadParser | undefined;
  let head: RequestHead | undefined;
  let fed = 0;

  const close = (): void => {
    fed = 0;
    if (parser === undefined) return;
    // New again: behind the last request of a connection it would take no other.
    parser.reset();
    if (parsers.length < maximumIdleParsers) parsers.push(parser);
    parser = undefined;
  };

  return {
    get head() {
      return head;
    },
    get isWithin() {
      return fed > 0;
    },
    close,
    read(bytes, from) {
      let offset = from;
      head = undefined;
      if (fed === 0) {
        // Some clients end a body with an empty line more than there should be: RFC 9112 section 2.2.
        while (bytes[offset] === carriageReturn || bytes[offset] === lineFeed) offset += 1;
        if (offset === bytes.length) return offset;
      }
      parser ??= parsers.pop() ?? createHeadParser(headerBytes);
      const outcome = parser.parse(offset === 0 ? bytes : bytes.subarray(offset));
      if (outcome === "malformed") return httpProblems.notHttp();
      fed += outcome === "too large" ? 0 : outcome;
      if (outcome === "too large" || fed > headBytesFactor * headerBytes + bytes.length)
        return httpProblems.headerTooLarge(headerBytes);
      ({ head } = parser);
      if (head !== undefined) close();
      return offset + outcome;
    },
  };
}
