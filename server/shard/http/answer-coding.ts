import type { Compression } from "../../bytes/inflater.ts";

/**
 * When answers are compressed. `chosen`: for a client that names one coding, as somebody does who wants it; libraries name
 * all that they can undo, whether it is worth it or not. `any`: whenever a client can undo one. `none`: never.
 */
export const compressionModes = ["chosen", "any", "none"] as const;
export type CompressionMode = (typeof compressionModes)[number];

/** `isDemanded`: the client refuses an answer that is not compressed. Undefined: it refuses all that there is. */
export type AnswerCoding = { readonly coding: Compression; readonly isDemanded: boolean } | "identity" | undefined;

/** The best first, where a client likes them equally well: zstd takes half the time of gzip for the same size. */
const codings: readonly Compression[] = ["zstd", "gzip", "deflate"];
/** More is no list that a person or a library makes. */
const mostEntries = 32;

/** Values of the header that are remembered: a server has few kinds of clients, and each says the same every time. */
const remembered = 64;
const rememberedCharacters = 128;

/** {@link answerCoding}, remembering. */
export function createAnswerCoding(mode: CompressionMode): (acceptEncoding: string | undefined) => AnswerCoding {
  const known = new Map<string, AnswerCoding>();
  return (acceptEncoding) => {
    if (acceptEncoding === undefined) return "identity";
    if (known.has(acceptEncoding)) return known.get(acceptEncoding);
    const coding = answerCoding(acceptEncoding, mode);
    if (known.size < remembered && acceptEncoding.length <= rememberedCharacters) known.set(acceptEncoding, coding);
    return coding;
  };
}

/** Reads `accept-encoding` (RFC 9110 section 12.5.3). What cannot be read of it is read past. */
export function answerCoding(acceptEncoding: string | undefined, mode: CompressionMode): AnswerCoding {
  if (acceptEncoding === undefined) return "identity";
  const weights = new Map<string, number>();
  for (const entry of acceptEncoding.split(",", mostEntries)) {
    const [, name, weight] = entryPattern.exec(entry) ?? [];
    if (name === undefined) continue;
    const coding = name.toLowerCase();
    weights.set(coding === "x-gzip" ? "gzip" : coding, Number(weight ?? 1));
  }
  const others = weights.get("*");
  const weightOf = (coding: string): number => weights.get(coding) ?? others ?? 0;
  const isDemanded = (weights.get("identity") ?? others ?? 1) === 0;
  const [best] = mode === "none" ? [] : codings.toSorted((a, b) => weightOf(b) - weightOf(a));
  if (best === undefined || weightOf(best) === 0) return isDemanded ? undefined : "identity";
  if (isDemanded) return { coding: best, isDemanded };
  if (weightOf(best) < (weights.get("identity") ?? 0)) return "identity";
  const named = [...weights].filter(([coding, weight]) => coding !== "identity" && weight > 0);
  const isChosen = named.length === 1 && weights.has(best);
  return mode === "any" || isChosen ? { coding: best, isDemanded } : "identity";
}

const entryPattern = /^\s*([!#$%&'*+.^_`|~0-9a-z-]+)\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?$/i;
