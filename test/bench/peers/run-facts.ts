import type { Options } from "./options.ts";

/** How thoroughly was measured. */
export type RunFacts = Pick<Options, "pairs" | "seconds" | "quick">;

/** In words: a part of everything that is told about a run. */
export function runText({ pairs, seconds, quick }: RunFacts): string {
  const turns = `${pairs} ${pairs === 1 ? "turn" : "turns"}, windows of ${seconds} s`;
  return quick ? `a quick run: ${turns}` : turns;
}
