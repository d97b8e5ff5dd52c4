import { isFailure } from "../failure.ts";
import type { SourceRequest } from "./source.ts";

/**
 * The answer to a question that the model can do without; undefined where it is not known within `asideMilliseconds`, as
 * the log says then: the next pod asks again. `what`: what is not known, for the log.
 */
export async function askAside<T>(
  question: (signal: AbortSignal) => Promise<T>,
  what: string,
  { limits, signal, log }: Pick<SourceRequest, "limits" | "signal" | "log">,
): Promise<T | undefined> {
  const late = AbortSignal.timeout(limits.asideMilliseconds);
  const either = AbortSignal.any([signal, late]);
  try {
    // Not every part of a question can be broken off: credentials that expire meanwhile are asked for by themselves.
    return await Promise.race([question(either), broken(either)]);
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted) log.info({}, `${what} is not known: no answer within ${limits.asideMilliseconds / 1000} s`);
    else if (isFailure(error)) log.info({ reason: error.reason }, `${what} is not known: ${error.message}`);
    else throw error;
    return undefined;
  }
}

function broken(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
