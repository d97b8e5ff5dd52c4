import { constants, createGunzip, createInflate, createZstdDecompress } from "node:zlib";

export type Compression = "gzip" | "deflate" | "zstd";

export interface Inflater {
  /** One piece at a time; `ready` says when the next may come. The bytes must stay as they are until then. */
  write(bytes: Uint8Array): void;
  /** No more comes. Answered by `finished` or `failed`. */
  end(): void;
  /** Nothing is told any more. */
  destroy(): void;
}

export interface InflaterEvents {
  /** A piece of what was compressed, gone when this returns. Who wants no more destroys the inflater. */
  readonly output: (bytes: Uint8Array) => void;
  readonly ready: () => void;
  readonly finished: () => void;
  /** The bytes are not what they are said to be, or ask for a larger window than {@link windowBytes}. The last event. */
  readonly broken: (cause: "data" | "window") => void;
}

/** One call to the thread pool gives this much. */
const outputBytes = 64 * 1024;
/** RFC 8878 wants decoders to know windows of 8 MiB, and lets them refuse larger ones: a frame of 20 bytes can ask for 2 GiB. */
const windowLog = 23;
export const windowBytes = 2 ** windowLog;
/** Each frame is a decoder of its own here; who compresses in parallel makes frames of a megabyte. */
const maximumFrames = 64;

/** What a decoder holds beside its output; reserved before it is made. */
export const inflaterBytes: Readonly<Record<Compression, number>> = {
  gzip: outputBytes + 48 * 1024,
  deflate: outputBytes + 48 * 1024,
  zstd: outputBytes + windowBytes + 256 * 1024,
};

const decoders = {
  gzip: () => createGunzip({ chunkSize: outputBytes }),
  deflate: () => createInflate({ chunkSize: outputBytes }),
  zstd: () => createZstdDecompress({ chunkSize: outputBytes, params: { [constants.ZSTD_d_windowLogMax]: windowLog } }),
} as const;

/** Undoes a compression as it comes. Bytes behind the end of the compressed data are refused, and so is a missing end. */
export function createInflater(compression: Compression, events: InflaterEvents): Inflater {
  let isOver = false;
  let frames = 0;
  let decoder = open();

  function open(): ReturnType<(typeof decoders)[Compression]> {
    frames += 1;
    const opened = decoders[compression]();
    opened.on("data", (bytes: Buffer<ArrayBuffer>) => {
      if (!isOver) events.output(bytes);
      // Of a full one, zlib keeps nothing, and a collection comes after megabytes of them.
      if (bytes.byteLength === bytes.buffer.byteLength) bytes.buffer.transfer(0);
    });
    opened.on("error", (error: NodeJS.ErrnoException) => {
      fail(error.code === "ZSTD_error_frameParameter_windowTooLarge" ? "window" : "data");
    });
    return opened;
  }

  function fail(cause: "data" | "window"): void {
    if (isOver) return;
    destroy();
    events.broken(cause);
  }

  function destroy(): void {
    isOver = true;
    decoder.destroy();
  }

  function write(bytes: Uint8Array): void {
    const before = decoder.bytesWritten;
    decoder.write(bytes, (error) => {
      if (isOver || (error !== undefined && error !== null)) return;
      const left = bytes.subarray(decoder.bytesWritten - before);
      if (left.length === 0) return events.ready();
      // The decoder has seen the end. Only of zstd it would not go on by itself when another frame follows.
      if (compression !== "zstd" || frames === maximumFrames) return fail("data");
      const next = (): void => {
        if (isOver) return;
        decoder = open();
        write(left);
      };
      if (decoder.readableEnded) next();
      else decoder.once("end", next);
    });
  }

  return {
    write,
    end() {
      const last = decoder;
      const finish = (): void => {
        if (isOver) return;
        isOver = true;
        events.finished();
      };
      if (last.readableEnded) return finish();
      last.once("end", finish);
      last.end();
    },
    destroy,
  };
}
