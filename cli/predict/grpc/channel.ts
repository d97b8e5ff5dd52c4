import type { Duplex } from "node:stream";
import { completeFrame, prefixBytes } from "../../../server/grpc/wire/message-frame.ts";
import { failed } from "../../complaint.ts";
import { exchangeMessages, type MessageOptions, openSession, type Session, wasRefused } from "./call.ts";
import { statusFrom } from "./grpc-status.ts";

/** Calls of one gRPC server. */
export interface Channel {
  /** For messages. */
  readonly shown: string;
  /**
   * One message there, the first piece of which begins with the room of `beginFrame`, and one back. Throws a
   * `GrpcStatus` that is not OK, or a complaint when there was no call.
   */
  readonly call: (
    method: string,
    message: readonly Uint8Array[],
    onSent?: (bytes: number) => void,
  ) => Promise<Buffer<ArrayBuffer>>;
  readonly close: () => void;
}

export interface ChannelOptions extends Omit<MessageOptions, "onSent"> {
  /** A new connection for HTTP/2. */
  readonly connect: () => Promise<Duplex>;
  /** `host:port` of the URL; of no meaning to a pod. */
  readonly authority: string;
  readonly isTls: boolean;
}

/** A message of a pod that leaves service, or of a connection of age, is the last of its connection. */
export function createChannel(options: ChannelOptions): Channel {
  const { shown } = options;
  let kept: Session | undefined;

  const session = async (): Promise<Session> => {
    if (kept?.isUsable() !== true) kept = openSession(await options.connect(), options);
    return kept;
  };

  return {
    shown,
    async call(method, message, onSent = () => undefined) {
      completeFrame(message);
      const path = `/inference.GRPCInferenceService/${method}`;
      const once = async () => exchangeMessages(await session(), path, message, { ...options, onSent });
      const answer = await once().catch((error: unknown) => {
        if (!wasRefused(error)) throw error;
        // It never left, as the connection was about to end (gRFC A6, "transparent retries").
        kept?.close();
        return once();
      });
      const status = statusFrom(answer.headers, answer.trailers, shown);
      if (status !== undefined) throw status;
      const { body } = answer;
      if (body.length < prefixBytes || body.readUInt32BE(1) !== body.length - prefixBytes) {
        throw failed(`${shown} answered a call of gRPC with other than one whole message`);
      }
      if (body[0] !== 0) throw failed(`${shown} compressed its answer, which was not asked for`);
      return body.subarray(prefixBytes);
    },
    close: () => kept?.close(),
  };
}
