import { randomBytes } from "node:crypto";
import { Duplex } from "node:stream";
import { failed } from "../../complaint.ts";
import { createFrameReader, encodeFrame, type Frame, opcodes } from "./websocket-frame.ts";

/**
 * The subprotocol of a forwarded port (Kubernetes, `portforward` by WebSocket): the first byte of each message is its
 * channel, 0 for data and 1 for what went wrong. On each channel the first message from there is the port, 2 bytes,
 * little-endian.
 */
export const subprotocol = "v4.channel.k8s.io";

const channels = { data: 0, error: 1 } as const;
const portBytes = 2;
/** Of one message: small enough to be read in one go there, large enough that its head costs nothing. */
const messageBytes = 64 * 1024;

/** The bytes of one forwarded port over a connection that has just become a WebSocket. `shown`: the pod, for messages. */
export function forwardedPort(socket: Duplex, shown: string): Duplex {
  const read = createFrameReader();
  /** Bytes of the port's number that are still to come, by channel. */
  const announced = [portBytes, portBytes];
  let channel: number | undefined;
  let failure = "";

  const send = (opcode: number, payload: Uint8Array, done?: (error?: Error | null) => void): void => {
    socket.write(encodeFrame(opcode, payload, randomBytes(4)), done);
  };

  const port = new Duplex({
    read() {
      socket.resume();
    },
    write(chunk: Buffer, _encoding, done) {
      let at = 0;
      const next = (error?: Error | null): void => {
        if (error != null || at >= chunk.length) return done(error);
        const part = chunk.subarray(at, at + messageBytes);
        at += part.length;
        const message = Buffer.allocUnsafe(part.length + 1);
        message[0] = channels.data;
        message.set(part, 1);
        send(opcodes.binary, message, next);
      };
      next();
    },
    final(done) {
      send(opcodes.close, Buffer.alloc(0), done);
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });

  const takeMessage = ({ opcode, isFinal, payload }: Frame): void => {
    const from = opcode === opcodes.continuation ? channel : payload[0];
    let content = opcode === opcodes.continuation ? payload : payload.subarray(1);
    channel = isFinal ? undefined : from;
    if (from !== channels.data && from !== channels.error) return;
    const number = Math.min(announced[from] ?? 0, content.length);
    announced[from] = (announced[from] ?? 0) - number;
    content = content.subarray(number);
    if (content.length === 0) return;
    if (from === channels.data) {
      if (!port.push(content)) socket.pause();
    } else failure += content.toString("utf8").slice(0, longestFailure - failure.length);
  };

  const take = (chunk: Uint8Array): void => {
    for (const frame of read(chunk)) {
      if (frame.opcode === opcodes.ping) send(opcodes.pong, frame.payload);
      else if (frame.opcode === opcodes.close) end();
      else if (frame.opcode <= opcodes.binary) takeMessage(frame);
    }
  };

  const end = (): void => {
    if (failure !== "") port.destroy(failed(`no port could be forwarded to ${shown}: ${failure}`));
    else port.push(null);
    socket.destroy();
  };

  const takeSafely = (chunk: Uint8Array): void => {
    try {
      take(chunk);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      port.destroy(failed(`the API server does not forward a port as expected: ${detail}`, error));
    }
  };

  socket.on("data", takeSafely);
  socket.once("end", end);
  socket.once("close", () => {
    if (!port.readableEnded && !port.destroyed) end();
  });
  socket.once("error", (error: Error) => port.destroy(error));
  return port;
}

/** Of what is told on the channel for errors. */
const longestFailure = 2000;
