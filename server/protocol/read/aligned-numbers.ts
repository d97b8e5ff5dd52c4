import { codecs, type Datatype, type TensorData } from "../../tensor.ts";

/**
 * ONNX Runtime's CPU kernels read 16 bytes at a time from where a tensor begins. From another place than a multiple of
 * that, some of them (sums, means, norms) add the same numbers up in another order, so that the last bits of a result
 * would depend on where in a body the tensor lay. Memory that JavaScript makes begins at such a multiple.
 */
export const tensorAlignment = 16;

/**
 * Little-endian numbers as they lie in `bytes`, whose length is a multiple of the datatype's size: in place when they
 * begin at a multiple of {@link tensorAlignment}, else in a copy that does.
 */
export function alignedNumbers(datatype: Exclude<Datatype, "BYTES">, bytes: Uint8Array): TensorData {
  const { elementBytes, view } = codecs[datatype];
  const count = bytes.length / elementBytes;
  const { buffer, byteOffset } = bytes;
  if (buffer instanceof ArrayBuffer && byteOffset % tensorAlignment === 0) return view(buffer, byteOffset, count);
  // Small ones come out of Node's pool: memory of their own would cost a microsecond each.
  const room = Buffer.allocUnsafe(bytes.length + tensorAlignment);
  const skip = bytesToAlignment(room.byteOffset);
  room.set(bytes, skip);
  return view(room.buffer, room.byteOffset + skip, count);
}

/** From `offset` to the next multiple of {@link tensorAlignment}. */
export function bytesToAlignment(offset: number): number {
  return (tensorAlignment - (offset % tensorAlignment)) % tensorAlignment;
}
