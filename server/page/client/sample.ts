export const sampleKinds = ["zeros", "ones", "random"] as const;
export type SampleKind = (typeof sampleKinds)[number];

/** JSON of `count` elements. The same seed makes the same elements. */
export function sampleElements(datatype: string, count: number, kind: SampleKind, seed: number): string[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, () => {
    if (kind === "random") return randomElement(datatype, random());
    const isOne = kind === "ones";
    if (datatype === "BYTES") return isOne ? '"1"' : '""';
    return datatype === "BOOL" ? String(isOne) : isOne ? "1" : "0";
  });
}

/** `part` is from 0 to 1, without 1. */
function randomElement(datatype: string, part: number): string {
  if (datatype === "BOOL") return String(part < 0.5);
  if (datatype === "BYTES") return JSON.stringify(Math.floor(part * 36 ** 4).toString(36));
  // Ten small integers are in the range of every integer type, and of most lists that integers point into.
  if (/^U?INT/.test(datatype)) return String(Math.floor(part * 10));
  return String(Math.floor(part * 10_000) / 10_000);
}

/** Marsaglia's xorshift with 32 bits, from 0 to 1, without 1. */
function randomNumbers(seed: number): () => number {
  // Spreads neighbouring seeds over all bits; a state of zero would stay zero for ever.
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1;
  const step = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  step();
  return step;
}
