import { isTar } from "./tar-block.ts";

/** One header of a tar, as its block says, without what entries before it add. */
export interface TarHeader {
  readonly name: string;
  /** One character; that of a file is `0`, in tars from before POSIX as well. */
  readonly type: string;
  readonly size: number;
}

/**
 * Reads a block as POSIX pax, "ustar Interchange Format", has it:
 *
 * | field | at | bytes |
 * |---|---|---|
 * | name | 0 | 100 |
 * | size, in octal, or after the byte 0x80 in binary as GNU tar writes it | 124 | 12 |
 * | type | 156 | 1 |
 * | magic: `ustar` and a zero of POSIX | 257 | 6 |
 * | what goes before the name, of POSIX alone | 345 | 155 |
 *
 * Undefined where it is no header, or its size none. Tars from before POSIX have no magic, so the checksum alone tells.
 */
export function tarHeader(block: Buffer): TarHeader | undefined {
  const size = isTar(block) ? sizeOf(block.subarray(124, 136)) : undefined;
  if (size === undefined) return undefined;
  const type = String.fromCharCode(block[156] ?? 0);
  const name = text(block.subarray(0, 100));
  const before = block.toString("latin1", 257, 263) === "ustar\0" ? text(block.subarray(345, 500)) : "";
  return { name: before === "" ? name : `${before}/${name}`, type: type === "\0" ? "0" : type, size };
}

/** What a field holds, up to its first zero. */
export function text(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? field.length : end);
}

function sizeOf(field: Buffer): number | undefined {
  if (field[0] === 0x80) {
    const size = field.readUInt32BE(1) === 0 ? Number(field.readBigUInt64BE(4)) : Number.POSITIVE_INFINITY;
    return Number.isSafeInteger(size) ? size : undefined;
  }
  const [, digits] = /^[ \0]*([0-7]*)[ \0]*$/.exec(field.toString("latin1")) ?? [];
  return digits === undefined ? undefined : Number.parseInt(digits || "0", 8);
}
