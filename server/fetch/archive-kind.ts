/** Enough for the magic of a tar, whose first block it is. */
export const startBytes = 512;

/** How to unpack what starts like this: gzip by RFC 1952's magic, tar by POSIX' `ustar`; undefined for anything else. */
export function archiveKind(start: Buffer): { readonly gzip: boolean } | undefined {
  if (start.length > 2 && start[0] === 0x1f && start[1] === 0x8b) return { gzip: true };
  return start.toString("latin1", 257, 262) === "ustar" ? { gzip: false } : undefined;
}
