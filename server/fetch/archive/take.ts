/** Gives the next bytes, at most so many; undefined at the end. */
export type Take = (most: number) => Promise<Uint8Array | undefined>;

export function taking(content: AsyncIterator<Uint8Array>): Take {
  let rest: Uint8Array = new Uint8Array();
  return async (most) => {
    while (rest.byteLength === 0) {
      const next = await content.next();
      if (next.done === true) return undefined;
      rest = next.value;
    }
    const taken = rest.subarray(0, most);
    rest = rest.subarray(most);
    return taken;
  };
}

/** So many bytes in one piece, or all that are left where they are fewer. */
export async function takeAll(take: Take, bytes: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (let left = bytes; left > 0; ) {
    const piece = await take(left);
    if (piece === undefined) break;
    pieces.push(piece);
    left -= piece.byteLength;
  }
  return Buffer.concat(pieces);
}
