import type { Socket } from "node:net";

interface ReadingHandle {
  readStop(): void;
  reading: boolean;
}

/**
 * Stops reading from a socket at once, for good, in this process: what comes from now on stays in the kernel, for the
 * process that the socket is handed to. `pause()` is no such thing: the stream goes on reading until its buffer is full.
 * So this reaches for the handle that Node keeps under `_handle`, and says that it reads already, as the stream would
 * start it again by itself otherwise. test/integration/server/hand-over.test.ts pins it.
 */
export function stopReading(socket: Socket): void {
  socket.pause();
  const handle = handleOf(socket);
  if (handle === undefined) return;
  handle.readStop();
  handle.reading = true;
}

/** Takes {@link stopReading} back. */
export function startReading(socket: Socket): void {
  const handle = handleOf(socket);
  if (handle !== undefined) handle.reading = false;
  socket.resume();
}

function handleOf(socket: Socket): ReadingHandle | undefined {
  const { _handle: handle } = socket as Socket & { readonly _handle?: ReadingHandle | null };
  return handle ?? undefined;
}
