import { failure } from "../failure.ts";
import { type FetchLimits, smallAnswerBytes } from "../limits.ts";
import type { Answer } from "./client.ts";
import { transportFailure } from "./errors.ts";

/** The whole of an answer that must be small; `what` names it for the message when it is not. */
export async function readBytes(
  { body, host }: Pick<Answer, "body" | "host">,
  bound: number,
  what: string,
  limits: FetchLimits,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > bound) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw transportFailure(error, host, limits);
  }
  if (size > bound) throw failure("TooLarge", `${what} is larger than the ${bound} bytes that are allowed.`);
  return Buffer.concat(chunks);
}

/** {@link readBytes} as JSON; undefined when it is none. */
export async function readJson(
  answer: Pick<Answer, "body" | "host">,
  bound: number,
  what: string,
  limits: FetchLimits,
): Promise<unknown> {
  const bytes = await readBytes(answer, bound, what, limits);
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** Reads the rest of a small answer, so that its connection can be used again; cuts a long one. */
export async function discard(body: Answer["body"]): Promise<void> {
  await body.dump({ limit: smallAnswerBytes }).catch(() => undefined);
}
