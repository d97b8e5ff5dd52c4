import type { Compression } from "../../bytes/inflater.ts";
import type { Problem } from "../../errors.ts";
import { httpProblems } from "../http-problems.ts";

/** The names of RFC 9110 section 8.4.1, RFC 8878. Nothing, or undefined names, or more than one: a problem. */
export function compressionOf(contentEncoding: string): Compression | Problem | undefined {
  if (contentEncoding === "") return undefined;
  const codings = contentEncoding
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
  const [coding, ...others] = codings;
  if (coding === undefined) return undefined;
  if (others.length === 0) {
    if (coding === "gzip" || coding === "x-gzip") return "gzip";
    if (coding === "deflate" || coding === "zstd") return coding;
  }
  return httpProblems.unsupportedEncoding(contentEncoding, "identity, gzip, x-gzip, deflate, zstd, one of them");
}
