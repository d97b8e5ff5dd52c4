import { codecs, type Signature } from "../tensor.ts";

/** An empty string and its place in an array, for the four bytes of `"",`. */
const stringBytes = 64;
const stringTextBytes = 3;
/** `0,` is the shortest element of an array. */
const elementTextBytes = 2;
/** An array of unknown length is copied into a larger one as it grows, and both are there meanwhile. */
const copies = 2;

/**
 * Bytes that one byte of a JSON body can become at the most when it is decoded. A number of two bytes takes four to eight
 * in a tensor, so what a body may hold must be known before it is read as numbers.
 */
export function decodedBytesPerByte({ inputs }: Signature): number {
  const each = inputs.map(({ datatype }) => {
    const { elementBytes } = codecs[datatype];
    return elementBytes === 0 ? stringBytes / stringTextBytes : elementBytes / elementTextBytes;
  });
  return copies * Math.max(0, ...each);
}
