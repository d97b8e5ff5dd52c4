import type { Tensor } from "../tensor.ts";

/**
 * From here on, memory that was made for a tensor is no part of another's: Node gives what is smaller, half of
 * `Buffer.poolSize` at most, out of memory that is shared.
 */
const ownFromBytes = 64 * 1024;

/**
 * Frees the memory of tensors that nobody needs any more, as far as it was made for them, instead of at some collection:
 * a process that runs pictures makes so little else that tens of megabytes of them wait for it. Those that lie in `body`,
 * from which they were decoded, end with that.
 */
export function releaseInputs(inputs: readonly Tensor[], body: Uint8Array): void {
  for (const { data } of inputs) {
    if (Array.isArray(data)) {
      data.length = 0;
      continue;
    }
    // What a worker has got, or was freed as another input, has no length any more.
    if (data.byteLength < ownFromBytes || data.buffer === body.buffer) continue;
    data.buffer.transfer(0);
  }
}
