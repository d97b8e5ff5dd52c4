import { isRecord } from "../model/is-record.ts";
import type { HubFile } from "./revision.ts";

/** Reads one page of a tree (`type`, `path`, `size`, `lfs.oid`), its folders left out; undefined when it is none. */
export function parseTree(answer: unknown): readonly HubFile[] | undefined {
  if (!Array.isArray(answer)) return undefined;
  const files: HubFile[] = [];
  for (const entry of answer as readonly unknown[]) {
    if (!isRecord(entry) || typeof entry["path"] !== "string") return undefined;
    const { type, path, size, lfs } = entry;
    if (type === "directory") continue;
    const sha256 = isRecord(lfs) ? lfs["oid"] : undefined;
    if (type !== "file" || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return undefined;
    files.push({
      path,
      size,
      sha256: typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : undefined,
    });
  }
  return files;
}

/**
 * The query of the next page that a `Link` header names (RFC 8288, `rel="next"`); undefined where nothing follows. The
 * query alone: a mirror may name the Hub's own host there, which must not see the token that is for the mirror.
 */
export function nextQuery(header: string | readonly string[] | undefined, asked: string): string | undefined {
  const text = typeof header === "string" ? header : header?.join(", ");
  const [, target] = /<([^<>]*)>[^<>]*;\s*rel="?next"?(?:[\s;,]|$)/i.exec(text ?? "") ?? [];
  return target === undefined ? undefined : URL.canParse(target, asked) ? new URL(target, asked).search : "";
}
