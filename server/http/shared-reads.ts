import { Socket } from "node:net";

/**
 * Bytes of one read. More saves calls for large bodies; this fits into a core's own cache, where the copy to the body's
 * memory finds it again.
 */
const readBytes = 64 * 1024;

/** Sockets that are read into one buffer, one after the other. */
export interface SharedReads {
  /**
   * The connection of `socket` in a socket of its own; the given one is none any more. What is read is given to `take`,
   * and gone when that returns.
   */
  readonly adopt: (socket: Socket, take: (chunk: Uint8Array) => void) => Socket;
  /** Out of an adopted one, into one that streams as any other. It is paused. */
  readonly release: (socket: Socket) => Socket;
}

/**
 * Node gives every read memory of its own, of 64 KiB, that lives until the next collection: with bodies of megabytes that
 * is tens of megabytes at any time, and the processor reads what it has not in its cache. The documented way around it,
 * `onread`, is for sockets that one makes oneself; so the connection is moved into one, by the handle that Node keeps
 * under `_handle`. test/integration/server/http/shared-reads.test.ts pins it.
 */
export function createSharedReads(): SharedReads {
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  return {
    adopt: (socket, take) =>
      move(socket, buffer, (chunk) => {
        take(chunk);
        return true;
      }),
    release(socket) {
      const released: Socket = move(socket, buffer, (chunk) => released.push(Buffer.from(chunk)));
      return released.pause();
    },
  };
}

/** `take`: false stops reading until the stream asks for more. */
function move(socket: Socket, buffer: Buffer, take: (chunk: Buffer) => boolean): Socket {
  const { _handle: handle } = socket as Socket & { readonly _handle: object | null };
  const options = {
    allowHalfOpen: true,
    handle,
    onread: { buffer, callback: (length: number) => take(buffer.subarray(0, length)) },
  };
  const moved = new Socket(options as ConstructorParameters<typeof Socket>[0]);
  Object.assign(socket, { _handle: null });
  // Whoever waits for the end of the given one waits for that of the connection.
  moved.once("close", () => socket.destroy());
  return moved;
}
