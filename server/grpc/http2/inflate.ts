import type { Bytes } from "../wire/reader.ts";
import { createGunzip, createInflate } from "node:zlib";
import { type Problem, problems } from "../../errors.ts";
import { grpcProblems } from "../grpc-problems.ts";

export interface InflateOptions {
  readonly limitBytes: number;
  /** Reserves memory for a part of the message before it is kept; false: there is none. */
  readonly take: (bytes: number) => boolean;
}

const decompressors = { gzip: createGunzip, deflate: createInflate } as const;

export type MessageEncoding = keyof typeof decompressors;

/** Whether a call's messages may be compressed so. */
export function isMessageEncoding(encoding: string): encoding is MessageEncoding {
  return Object.hasOwn(decompressors, encoding);
}

/** What a client may write to grpc-encoding. */
export const acceptedEncodings = "identity,gzip,deflate";

/**
 * A compressed message as it was. It comes in parts, and none is kept beyond the limits: some kilobytes can stand for
 * as many gigabytes.
 */
export function inflate(bytes: Bytes, encoding: MessageEncoding, options: InflateOptions): Promise<Bytes | Problem> {
  return new Promise((resolve) => {
    const stream = decompressors[encoding]();
    const parts: Bytes[] = [];
    let size = 0;
    const finish = (result: Bytes | Problem): void => {
      stream.destroy();
      resolve(result);
    };
    stream.on("data", (part: Bytes) => {
      size += part.length;
      if (size > options.limitBytes) return finish(problems.bodyTooLarge(options.limitBytes));
      if (!options.take(part.length)) return finish(problems.bodiesTooMany());
      parts.push(part);
    });
    stream.on("end", () => finish(Buffer.concat(parts, size)));
    stream.on("error", () => finish(grpcProblems.badMessageCompression(encoding)));
    stream.end(bytes);
  });
}
