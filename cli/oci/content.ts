/** Bytes that are named by their digest. Opened once for every attempt to send them. */
export interface Content {
  readonly digest: string;
  readonly size: number;
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** Bytes at hand, as one piece. */
export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** The content's pieces, each counted when the next one is asked for: then it has been taken. */
export async function* counted(
  { open }: Content,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of open()) {
    yield chunk;
    count(chunk.byteLength);
  }
}
