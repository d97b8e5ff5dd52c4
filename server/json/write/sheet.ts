/**
 * Where numbers are written. Whoever calls a writer has made sure of {@link elementBytes} for each number. Behind the
 * last there is room to spare, as digits are written four at a time.
 */
export interface Sheet {
  readonly bytes: Buffer;
  /** Of the same bytes, for several of them at once. */
  readonly view: DataView;
}

/** No number is longer, with a comma: -1.7976931348623157e+308 is the longest. */
export const elementBytes = 25;
const spareBytes = 32;

/** Room for `size` bytes of numbers. */
export function createSheet(size: number): Sheet {
  const bytes = Buffer.allocUnsafeSlow(size + spareBytes);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}
