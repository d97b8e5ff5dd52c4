import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { isProblem, type Problem, problems } from "./errors.ts";

/** Bytes of all bodies under way. Each is held several times over while it is decoded, so the sum is what counts. */
export interface BodyBudget {
  readonly take: (bytes: number) => boolean;
  readonly give: (bytes: number) => void;
}

export function createBodyBudget(limitBytes: number): BodyBudget {
  let taken = 0;
  return {
    take(bytes) {
      if (taken + bytes > limitBytes) return false;
      taken += bytes;
      return true;
    },
    give(bytes) {
      taken -= bytes;
    },
  };
}

export interface BodyOptions {
  readonly limitBytes: number;
  /** From the first look at the body to its last byte. */
  readonly seconds: number;
  readonly budget: BodyBudget;
  /** Called right before reading: the moment to send `100 Continue` to a client that asked first. */
  readonly beforeReading: () => void;
}

export interface Body {
  /** What to give back to the budget when the request is answered. */
  readonly budgetBytes: number;
  /** Decompressed; undefined when the client went away before the end. */
  readonly result: Uint8Array | Problem | undefined;
}

const decompressors = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

/** The whole body of a request, within its limits. Whatever is refused, the rest of the body is not read here. */
export async function readBody(request: IncomingMessage, options: BodyOptions): Promise<Body> {
  const encoding = request.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip" && encoding !== "deflate") {
    return { budgetBytes: 0, result: problems.unsupportedEncoding(encoding) };
  }
  if (request.headers["inference-header-content-length"] !== undefined) {
    return { budgetBytes: 0, result: problems.binaryUnsupported() };
  }
  if (Number(request.headers["content-length"] ?? 0) > options.limitBytes) {
    return { budgetBytes: 0, result: problems.bodyTooLarge(options.limitBytes) };
  }
  options.beforeReading();
  const received = await receive(request, options);
  if (encoding === "identity" || received.result === undefined || isProblem(received.result)) return received;

  const inflated = await decompress(received.result, encoding, options.limitBytes);
  if (isProblem(inflated)) return { budgetBytes: received.budgetBytes, result: inflated };
  if (!options.budget.take(inflated.length)) {
    return { budgetBytes: received.budgetBytes, result: problems.bodiesTooMany() };
  }
  return { budgetBytes: received.budgetBytes + inflated.length, result: inflated };
}

function receive(request: IncomingMessage, options: BodyOptions): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => finish(problems.bodyTimedOut(options.seconds)), options.seconds * 1000);

    const finish = (result: Body["result"]): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onGone).off("error", onGone);
      // A reset after this point is nobody's concern, but an error event without a listener would end the process.
      request.on("error", ignore);
      resolve({ budgetBytes: size, result });
    };
    const onData = (chunk: Buffer): void => {
      if (size + chunk.length > options.limitBytes) return finish(problems.bodyTooLarge(options.limitBytes));
      if (!options.budget.take(chunk.length)) return finish(problems.bodiesTooMany());
      size += chunk.length;
      chunks.push(chunk);
    };
    const onEnd = (): void => {
      const [only, ...others] = chunks;
      finish(only !== undefined && others.length === 0 ? only : Buffer.concat(chunks, size));
    };
    const onGone = (): void => finish(undefined);
    request.on("data", onData).on("end", onEnd).on("close", onGone).on("error", onGone);
  });
}

async function decompress(
  body: Uint8Array,
  encoding: keyof typeof decompressors,
  limitBytes: number,
): Promise<Uint8Array | Problem> {
  try {
    return await decompressors[encoding](body, { maxOutputLength: limitBytes });
  } catch (error) {
    const isTooLarge = error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    return isTooLarge ? problems.bodyTooLarge(limitBytes) : problems.badCompression(encoding);
  }
}

function ignore(): void {
  // Nothing: see the place of its use.
}
