import { isCommit } from "../commit.ts";
import { trustedSiblings } from "../limits.ts";
import { isRecord } from "../model/is-record.ts";

/** A file of a repository at a commit. */
export interface HubFile {
  readonly path: string;
  /** Undefined where a mirror does not tell. */
  readonly size: number | undefined;
  /** Of large files (LFS), 64 hex digits. */
  readonly sha256: string | undefined;
  /** Git's name of its content, or of the pointer to it; undefined where a mirror does not tell. */
  readonly blob?: string | undefined;
}

export interface HubRevision {
  /** 40 hex digits. */
  readonly commit: string;
  readonly files: readonly HubFile[];
  /** There may be more files than these. */
  readonly mayBeCut: boolean;
}

/**
 * Reads the Hub's answer about a revision (`sha`, `siblings`), and whether its header names another page; undefined when
 * it is none.
 */
export function parseRevision(answer: unknown, hasNext: boolean): HubRevision | undefined {
  if (!isRecord(answer)) return undefined;
  const { sha, siblings } = answer;
  if (typeof sha !== "string" || !isCommit(sha) || !Array.isArray(siblings)) return undefined;
  const files: HubFile[] = [];
  for (const sibling of siblings as readonly unknown[]) {
    if (!isRecord(sibling) || typeof sibling["rfilename"] !== "string") return undefined;
    const { rfilename: path, size, lfs, blobId } = sibling;
    const sha256 = isRecord(lfs) ? lfs["sha256"] : undefined;
    files.push({
      path,
      size: typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : undefined,
      sha256: typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : undefined,
      ...(typeof blobId === "string" ? { blob: blobId } : {}),
    });
  }
  return { commit: sha, files, mayBeCut: hasNext || files.length >= trustedSiblings };
}
