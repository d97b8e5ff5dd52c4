import { TransportError } from "./errors.ts";

/**
 * Cuts a byte stream into lines wherever its chunks begin and end. Works on bytes, because a chunk may end inside a
 * character: the newline byte 0x0A never occurs inside a multi-byte UTF-8 sequence, so whole lines decode cleanly.
 */
export interface LineSplitter {
  /** Complete lines, without their newline and without empty ones. Throws `TooLarge` above the bound. */
  push(chunk: Buffer): readonly string[];
  /** Bytes after the last newline: not 0 at the end of a stream that was cut inside a line. */
  rest(): number;
}

export function createLineSplitter(maxLineBytes: number): LineSplitter {
  let parts: Buffer[] = [];
  let partBytes = 0;

  const hold = (bytes: Buffer): void => {
    partBytes += bytes.length;
    if (partBytes > maxLineBytes) {
      throw new TransportError("TooLarge", `a watch event is longer than ${maxLineBytes} bytes`);
    }
    if (bytes.length > 0) parts.push(bytes);
  };

  return {
    push: (chunk) => {
      const lines: string[] = [];
      let start = 0;
      for (let end = chunk.indexOf(newline, start); end >= 0; end = chunk.indexOf(newline, start)) {
        hold(chunk.subarray(start, end));
        if (partBytes > 0) lines.push(parts.length === 1 ? text(parts[0]) : text(Buffer.concat(parts, partBytes)));
        parts = [];
        partBytes = 0;
        start = end + 1;
      }
      // Copied when little is left of a big chunk: a few bytes must not keep 64 KiB alive until the next event.
      const rest = chunk.subarray(start);
      hold(rest.length * 2 < chunk.length ? Buffer.from(rest) : rest);
      return lines;
    },
    rest: () => partBytes,
  };
}

const newline = 0x0a;

function text(bytes: Buffer | undefined): string {
  return bytes === undefined ? "" : bytes.toString("utf8");
}
