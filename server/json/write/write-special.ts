import { dot, minus, quote, zero } from "../byte.ts";

/**
 * Writes a zero, NaN or an infinity, and returns the place behind it. JSON has no number for the last two: they are
 * strings, as in Protocol Buffers' JSON mapping. A negative zero has a fraction, as -0 is an integer to readers that
 * tell integers from floats (Python's), and those have one zero only.
 */
export function writeSpecial(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  if (value === 0) {
    if (Object.is(value, 0)) {
      bytes[at++] = zero;
      return at;
    }
    bytes[at++] = minus;
    bytes[at++] = zero;
    bytes[at++] = dot;
    bytes[at++] = zero;
    return at;
  }
  bytes[at++] = quote;
  at = writeText(bytes, at, String(value));
  bytes[at++] = quote;
  return at;
}

/** Writes a few characters of ASCII, and returns the place behind them. */
export function writeText(bytes: Uint8Array, start: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[start + i] = text.charCodeAt(i);
  return start + text.length;
}
