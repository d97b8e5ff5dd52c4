/** Bytes of a block, of which a tar's first is a header. */
export const tarBlockBytes = 512;

const checksumStart = 148;
const checksumEnd = 156;

/**
 * Whether a file that starts like this is a tar: by the checksum of its first header, which every tar has since the first
 * ones; the magic `ustar` came with POSIX. The sum is that of all bytes, its own field counted as spaces.
 */
export function isTar(start: Uint8Array): boolean {
  if (start.byteLength < tarBlockBytes) return false;
  const field = Buffer.from(start.subarray(checksumStart, checksumEnd)).toString("latin1");
  const [, digits] = /^[ \0]*([0-7]{1,8})(?:[ \0]|$)/.exec(field) ?? [];
  if (digits === undefined) return false;
  let sum = 0;
  for (let at = 0; at < tarBlockBytes; at += 1) {
    sum += at >= checksumStart && at < checksumEnd ? 0x20 : (start[at] ?? 0);
  }
  return sum === Number.parseInt(digits, 8);
}
