/** What of RFC 6455 a client needs that sends and reads binary messages. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One frame that came. */
export interface Frame {
  readonly opcode: number;
  /** The last one of its message. */
  readonly isFinal: boolean;
  readonly payload: Buffer;
}

/** Kubelets send 32 KiB at a time; one that announces more is none. */
const longestFrameBytes = 16 * 1024 * 1024;

/** A whole message in one frame, masked as a client's have to be (RFC 6455, 5.3). */
export function encodeFrame(opcode: number, payload: Uint8Array, mask: Uint8Array): Buffer {
  const lengthBytes = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8;
  const start = 2 + lengthBytes + 4;
  const frame = Buffer.allocUnsafe(start + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (lengthBytes === 0 ? payload.length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) frame.writeUInt16BE(payload.length, 2);
  if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(payload.length), 2);
  frame.set(mask.subarray(0, 4), start - 4);
  for (let index = 0; index < payload.length; index++) {
    frame[start + index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
  }
  return frame;
}

/** Takes bytes as they come and gives the frames that are whole. Throws at what no server may send. */
export function createFrameReader(): (chunk: Uint8Array) => readonly Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    const frames: Frame[] = [];
    for (let read = readFrame(rest); read !== undefined; read = readFrame(rest)) {
      frames.push(read.frame);
      rest = rest.subarray(read.bytes);
    }
    return frames;
  };
}

/** Undefined: more bytes are needed. */
function readFrame(bytes: Buffer): { readonly frame: Frame; readonly bytes: number } | undefined {
  if (bytes.length < 2) return undefined;
  const [first = 0, second = 0] = bytes;
  if ((first & 0x70) !== 0) throw new Error("it uses an extension of WebSocket that was not agreed upon");
  if ((second & 0x80) !== 0) throw new Error("it masks its frames, which only clients may");
  const short = second & 0x7f;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start) return undefined;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (length > longestFrameBytes) throw new Error(`it announces a frame of ${length} bytes`);
  const end = start + length;
  if (bytes.length < end) return undefined;
  const frame = { opcode: first & 0x0f, isFinal: (first & 0x80) !== 0, payload: bytes.subarray(start, end) };
  return { frame, bytes: end };
}
