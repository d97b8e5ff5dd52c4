import { performServerHandshake, type ServerOptions } from "node:http2";
import type { Socket } from "node:net";
import { tcpKeepAliveMilliseconds } from "../../tcp-keep-alive.ts";
import type { GrpcLimits } from "../limits.ts";
import { beginCall, type Call, type CallOptions, type CallReport } from "./call.ts";

export interface ConnectionOptions extends Omit<CallOptions, "onOver" | "onStuck"> {
  /** Asked after each answer of the connection, which was opened at that time; true: it is to end. */
  readonly isLast: (opened: number) => boolean;
  /** Once for each call. */
  readonly onCall: (report: CallReport) => void;
  readonly onClose: () => void;
}

/** A client's connection: HTTP/2 in plain text, from its first byte. */
export interface Connection {
  readonly calls: () => number;
  /** Asks the client to send its further calls elsewhere; the connection ends with the calls under way. */
  readonly goAway: () => void;
  /** Ends it if no call is under way. */
  readonly endIdle: () => void;
  readonly destroy: () => void;
  /** Looks at the time: to be called now and then. */
  readonly sweep: () => void;
}

/**
 * A GOAWAY with the highest id that a stream can have: it announces the end and refuses nothing yet (RFC 9113, 6.8).
 * Written to the socket by hand, between the frames that Node writes: Node's own goaway() stops reading as soon as no
 * call is under way, and with it whatever the client sent before it knew.
 */
const shutdownNotice = Buffer.from("0000080700000000007fffffff00000000", "hex");

/** Takes over an open socket. `first` are bytes that were read of it already. */
export function beginConnection(
  socket: Socket,
  first: Uint8Array | undefined,
  options: ConnectionOptions,
): Connection | undefined {
  const { limits, now } = options;
  const opened = now();
  // No Set: what is in its tables when they are outgrown is held until the next full collection (ADR 15).
  const calls: Call[] = [];
  /** Until the client has answered our SETTINGS: before these, nothing else may be sent. */
  let isSettled = false;
  let isLeaving = false;
  /** When a ping was sent whose answer has not come. */
  let pingedAt: number | undefined;

  socket.on("error", ignore);
  if (socket.destroyed) return undefined;
  // A client that has vanished sends no word of it: the kernel finds out.
  socket.setKeepAlive(true, tcpKeepAliveMilliseconds);
  if (first !== undefined && first.length > 0) socket.unshift(first);
  const session = performServerHandshake(socket, sessionOptions(limits));
  session.setLocalWindowSize(limits.connectionWindowBytes);

  const destroy = (): void => {
    // Node hands what was unshifted to the session on its next tick, and fails if that is destroyed by then.
    while (socket.read() !== null);
    session.destroy();
    if (!socket.destroyed) socket.destroy();
  };

  const close = (): void => {
    if (!session.closed && !session.destroyed) session.close();
  };

  /** Asks for a sign of life: without one, the connection is ended after a while. */
  const ping = (onBack: () => void): void => {
    pingedAt ??= now();
    const isSent =
      !session.destroyed &&
      session.ping(() => {
        pingedAt = undefined;
        onBack();
      });
    if (!isSent) onBack();
  };

  const goAway = (): void => {
    if (isLeaving || session.destroyed) return;
    isLeaving = true;
    for (const call of calls.slice()) call.endWatch();
    if (isSettled) announceEnd();
  };

  const announceEnd = (): void => {
    socket.write(shutdownNotice);
    // What the client sent before it read that is to come first, so that closing refuses nothing. Two pings: gRPC's C core
    // writes the answer to one before the calls that it has begun already.
    ping(() => ping(close));
  };

  const callOptions: CallOptions = {
    ...options,
    onOver(call, report) {
      remove(calls, call);
      options.onCall(report);
      if (!isLeaving && options.isLast(opened)) goAway();
    },
    // Whether one call is slow or the whole connection, the client's answer to a ping tells.
    onStuck: () => ping(ignore),
  };

  // HTTP/2 has no half-closed connections: who ends one has gone, and its calls with it.
  socket.on("end", destroy);
  session.on("error", ignore);
  session.on("close", options.onClose);
  session.on("localSettings", () => {
    isSettled = true;
    if (isLeaving) announceEnd();
  });
  session.on("stream", (stream, headers) => {
    calls.push(beginCall(stream, headers, callOptions));
  });

  return {
    calls: () => calls.length,
    goAway,
    endIdle() {
      if (calls.length > 0) return;
      if (isSettled) goAway();
      else destroy();
    },
    destroy: () => destroy(),
    sweep() {
      for (const call of calls.slice()) call.sweep();
      const seconds = (since: number): number => (now() - since) / 1000;
      if (!isSettled && seconds(opened) > limits.prefaceSeconds) destroy();
      else if (pingedAt !== undefined && seconds(pingedAt) > limits.pingSeconds) destroy();
    },
  };
}

/** There are few (`concurrentStreams`), in no order. */
function remove(calls: Call[], call: Call): void {
  const index = calls.indexOf(call);
  const last = calls.at(-1);
  if (index === -1 || last === undefined) return;
  calls[index] = last;
  calls.pop();
}

/** PING, SETTINGS and CONTINUATION frames without end are bounded by nghttp2, below Node, without a word from us. */
function sessionOptions(limits: GrpcLimits): ServerOptions {
  return {
    settings: {
      initialWindowSize: limits.streamWindowBytes,
      maxFrameSize: limits.frameBytes,
      maxConcurrentStreams: limits.concurrentStreams,
      maxHeaderListSize: limits.headerListBytes,
      enablePush: false,
    },
    maxHeaderListPairs: limits.headerFields,
    maxSessionInvalidFrames: limits.invalidFrames,
    maxSessionRejectedStreams: limits.rejectedStreams,
    streamResetBurst: limits.resetBurst,
    streamResetRate: limits.resetsPerSecond,
  };
}

function ignore(): void {
  // A connection that breaks closes, too, and an error event without a listener would end the process.
}
