/**
 * Memory of large bodies, kept for the next ones: the first touch of fresh pages costs more than the copy into them. What
 * it does not keep is freed at once instead of at some collection, so that memory in use is what was reserved.
 */
export interface BufferPool {
  /** At least so many bytes, with what was in them before. */
  take(bytes: number): ArrayBuffer;
  /** Nobody may look into it any more: views of it turn empty, or see the next body. */
  give(buffer: ArrayBuffer): void;
  /** Frees what it keeps, at once. */
  clear(): void;
}

/** Smaller ones come from memory that the process has touched already. */
export const pooledFromBytes = 64 * 1024;
const pageBytes = 4096;
/** More would be searched longer than a page fault takes. */
const maximumBuffers = 16;

export function createBufferPool(limitBytes: number): BufferPool {
  const free: ArrayBuffer[] = [];
  let freeBytes = 0;

  return {
    take(bytes) {
      // Up to twice as large: an old buffer that is far too large would be more than was reserved.
      const index = free.findIndex(({ byteLength }) => byteLength >= bytes && byteLength <= 2 * bytes);
      const [found] = index === -1 ? [] : free.splice(index, 1);
      if (found === undefined) return unfilled(Math.ceil(bytes / pageBytes) * pageBytes);
      freeBytes -= found.byteLength;
      return found;
    },
    give(buffer) {
      if (buffer.byteLength + freeBytes > limitBytes || free.length === maximumBuffers) {
        buffer.transfer(0);
        return;
      }
      free.push(buffer);
      freeBytes += buffer.byteLength;
    },
    clear() {
      for (const buffer of free.splice(0)) buffer.transfer(0);
      freeBytes = 0;
    },
  };
}

function unfilled(bytes: number): ArrayBuffer {
  return Buffer.allocUnsafeSlow(bytes).buffer;
}
