import { createWriter, type Writer } from "./writer.ts";

/** Before each message of a call: a byte that is 1 when it is compressed, and its length in 4 (PROTOCOL-HTTP2.md). */
export const prefixBytes = 5;

/** What most answers have without their tensors. */
const usualBytes = 256;

/**
 * Begins a message that is to be sent: there is room for the prefix, so that the two need not be joined later. `valueBytes`:
 * how much of it will be the values of tensors.
 */
export function beginFrame(valueBytes = 0): Writer {
  const writer = createWriter(usualBytes + valueBytes);
  writer.length = prefixBytes;
  return writer;
}

/** The message in pieces, of which the first begins with the room of {@link beginFrame}; fills it in. */
export function completeFrame(pieces: readonly Uint8Array[]): void {
  const [first] = pieces;
  if (first === undefined || first.length < prefixBytes) throw new RangeError("a frame has no room for its prefix");
  let length = -prefixBytes;
  for (const piece of pieces) length += piece.length;
  first[0] = 0;
  first[1] = length >>> 24;
  first[2] = length >>> 16;
  first[3] = length >>> 8;
  first[4] = length;
}
