/** What came on a connection. Data, written by those who read it. */
export interface Input {
  /** Read, and looked at up to `offset`. While there are many after a step, the socket is paused. */
  bytes: Uint8Array | undefined;
  offset: number;
  /** The client has closed its sending side. */
  isEnded: boolean;
}

export const noBytes = new Uint8Array(0);

export function isLookedAt({ bytes, offset }: Input): boolean {
  return bytes === undefined || offset === bytes.length;
}

/** What was not looked at; its memory is the input's. */
export function restOf({ bytes, offset }: Input): Uint8Array {
  return bytes?.subarray(offset) ?? noBytes;
}

/** The bytes may be overwritten now: what was not looked at goes into memory of its own. */
export function keepRest(input: Input): void {
  if (input.bytes === undefined) return;
  input.bytes = Uint8Array.prototype.slice.call(input.bytes, input.offset);
  input.offset = 0;
}
