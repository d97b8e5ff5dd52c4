/** Requests with bodies, as bytes. */

/** Sent by a client that wants nothing more. */
export const close = "connection: close\r\n";

/** The head of a POST with headers of a body; its last line is empty. */
export function head(more: string): string {
  return `POST /p HTTP/1.1\r\nhost: a\r\n${more}\r\n`;
}

/** Bytes that say where they are. */
export function numbered(bytes: number): Buffer {
  const body = Buffer.alloc(bytes);
  for (let index = 0; index < bytes; index += 1) body[index] = (index * 31 + (index >> 8)) % 251;
  return body;
}

export function chunked(body: Uint8Array, size: number): Buffer {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
  }
  return Buffer.concat([...pieces, Buffer.from("0\r\n\r\n")]);
}
