import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after } from "node:test";

/** Frame types and flags of HTTP/2 (RFC 9113, 6). */
export const types = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const flags = { endStream: 1, ack: 1, endHeaders: 4 } as const;

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export function frameOf(type: number, flagBits: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flagBits;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Headers as HPACK writes them without a table and without Huffman (RFC 7541, 6.2.2). */
export function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]),
  );
}

export const callHead = headerBlock({
  ":method": "POST",
  ":scheme": "http",
  ":authority": "a",
  ":path": "/inference.GRPCInferenceService/ModelInfer",
  "content-type": "application/grpc",
  te: "trailers",
});

export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A client that sends whatever a test makes up. */
export interface RawClient {
  readonly socket: Socket;
  /** Of the server, as they come. */
  readonly frames: ReceivedFrame[];
  /** False once the server has closed: nothing is thrown. */
  readonly send: (...parts: readonly Uint8Array[]) => Promise<boolean>;
  /** Error code of the first GOAWAY with one. */
  readonly goAwayCode: () => number | undefined;
  readonly closed: () => Promise<void>;
  /** Waits for a frame. */
  until(isIt: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame>;
}

export async function openRaw(port: number): Promise<RawClient> {
  const socket = connect({ port, host: "127.0.0.1" });
  after(() => socket.destroy());
  socket.on("error", () => undefined);
  const isClosed = new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
  });
  await once(socket, "connect");
  const frames: ReceivedFrame[] = [];
  const waiting = new Set<() => void>();
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const size = rest.readUIntBE(0, 3);
      frames.push({
        type: rest[3] ?? 0,
        flags: rest[4] ?? 0,
        stream: rest.readUInt32BE(5),
        payload: rest.subarray(9, 9 + size),
      });
      rest = rest.subarray(9 + size);
    }
    for (const check of waiting) check();
  });
  return {
    socket,
    frames,
    send: (...parts) =>
      new Promise((resolve) => {
        if (socket.destroyed) return resolve(false);
        socket.write(Buffer.concat(parts), (error) => resolve(error === undefined || error === null));
      }),
    goAwayCode: () =>
      frames
        .filter(({ type }) => type === types.goAway)
        .map(({ payload }) => payload.readUInt32BE(4))
        .find((code) => code !== 0),
    closed: () => isClosed,
    until: (isIt) =>
      new Promise((resolve) => {
        const check = (): void => {
          const found = frames.find(isIt);
          if (found === undefined) return;
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      }),
  };
}

/** Opens a connection as a proper client does. */
export async function openSettled(port: number): Promise<RawClient> {
  const client = await openRaw(port);
  await client.send(preface, frameOf(types.settings, 0, 0));
  await client.until(({ type, flags: bits }) => type === types.settings && bits === flags.ack);
  await client.send(frameOf(types.settings, flags.ack, 0));
  return client;
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let left = bytes.length - 127;
  for (; left >= 128; left = Math.floor(left / 128)) length.push((left % 128) + 128);
  return Buffer.concat([Buffer.from([...length, left]), bytes]);
}
