import { connect, constants, type IncomingHttpHeaders } from "node:http2";
import type { Duplex } from "node:stream";
import { errorCode } from "../../../server/fetch/failure.ts";
import { completeFrame, prefixBytes } from "../../../server/grpc/wire/message-frame.ts";
import { failed, isComplaint } from "../../complaint.ts";
import { longestAnswerBytes, stepsOf } from "../exchange.ts";
import { statusFrom } from "./grpc-status.ts";

/** Calls of one gRPC server over one connection. */
export interface Channel {
  /** For messages. */
  readonly shown: string;
  /**
   * One message there, the first piece of which begins with the room of `beginFrame`, and one back. Throws a
   * `GrpcStatus` that is not OK, or a complaint when there was no call.
   */
  readonly call: (method: string, message: readonly Uint8Array[], onSent?: (bytes: number) => void) => Promise<Bytes>;
  readonly close: () => void;
}

type Bytes = Buffer<ArrayBuffer>;

export interface ChannelOptions {
  /** For messages. */
  readonly shown: string;
  /** `host:port` of the URL; of no meaning to a pod. */
  readonly authority: string;
  readonly isTls: boolean;
  /** Of one call, from its first byte to its last. */
  readonly timeoutSeconds: number;
  readonly interrupted: AbortSignal;
}

/** What a server may send before we have read it: an answer of 600 KB comes in one go. */
const windowBytes = 16 * 1024 * 1024;

/** gRPC over HTTP/2 (grpc/grpc, doc/PROTOCOL-HTTP2.md) on an open connection. */
export function openChannel(stream: Duplex, options: ChannelOptions): Channel {
  const { shown, authority, isTls, timeoutSeconds, interrupted } = options;
  const session = connect(`${isTls ? "https" : "http"}://${authority}`, {
    createConnection: () => stream,
    settings: { initialWindowSize: windowBytes, enablePush: false },
  });
  /** Why the connection broke: its streams are told less. */
  let broken: Error | undefined;
  const onBroken = (error: Error): void => {
    broken ??= error;
  };
  stream.on("error", onBroken);
  session.on("error", onBroken);
  session.once("connect", () => session.setLocalWindowSize(windowBytes));

  const call: Channel["call"] = async (method, message, onSent = () => undefined) => {
    completeFrame(message);
    const answer = await exchange(method, message, onSent);
    const encoding = answer.headers["grpc-encoding"];
    const status = statusFrom(answer.headers, answer.trailers, shown);
    if (status !== undefined) throw status;
    const { body } = answer;
    if (body.length < prefixBytes || body.readUInt32BE(1) !== body.length - prefixBytes) {
      throw failed(`${shown} answered a call of gRPC with other than one whole message`);
    }
    if (body[0] !== 0) throw failed(`${shown} compressed its answer (${String(encoding)}), which was not asked for`);
    return body.subarray(prefixBytes);
  };

  const exchange = (
    method: string,
    message: readonly Uint8Array[],
    onSent: (bytes: number) => void,
  ): Promise<{ headers: IncomingHttpHeaders; trailers: IncomingHttpHeaders; body: Bytes }> => {
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof exchange>>>();
    const request = session.request({
      ":method": "POST",
      ":path": `/inference.GRPCInferenceService/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-timeout": `${timeoutSeconds}S`,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let [headers, trailers]: IncomingHttpHeaders[] = [{}, {}];
    let failure: Error | undefined;
    const giveUp = (error: Error): void => {
      failure ??= error;
      request.close(constants.NGHTTP2_CANCEL);
    };
    const onAbort = (): void => giveUp(failed("interrupted"));
    interrupted.addEventListener("abort", onAbort, { once: true });
    // The server keeps the deadline that it is told; this one is for whoever does not.
    const timer = setTimeout(() => giveUp(late(shown)), (timeoutSeconds + 1) * 1000);
    request.on("response", (given) => (headers = given));
    request.on("trailers", (given) => (trailers = given));
    // Its own comes before the connection's.
    request.on("error", onBroken);
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > longestAnswerBytes) giveUp(failed(`the answer has more than ${longestAnswerBytes} bytes`));
      else chunks.push(chunk);
    });
    request.once("close", () => {
      clearTimeout(timer);
      interrupted.removeEventListener("abort", onAbort);
      // A server may refuse a call before it has read all of it, and says why in what it has sent by then. What is no
      // answer of gRPC is told by its status; one of gRPC without a status was cut off.
      const isGrpc = String(headers?.["content-type"]).startsWith("application/grpc");
      const hasStatus = trailers?.["grpc-status"] !== undefined || headers?.["grpc-status"] !== undefined;
      const isAnswered = isGrpc ? hasStatus : headers?.[":status"] !== undefined;
      if (failure !== undefined) reject(failure);
      else if (isAnswered) resolve({ headers: headers ?? {}, trailers: trailers ?? {}, body: Buffer.concat(chunks) });
      else reject(brokenComplaint(broken, shown));
    });
    void write(request, message, onSent);
    return promise;
  };

  return {
    shown,
    call,
    close() {
      session.destroy();
      stream.destroy();
    },
  };
}

/** Ends with the call, whatever became of it. */
async function write(
  request: ReturnType<ReturnType<typeof connect>["request"]>,
  message: readonly Uint8Array[],
  onSent: (bytes: number) => void,
): Promise<void> {
  const closed = new Promise<false>((resolve) => request.once("close", () => resolve(false)));
  for (const step of stepsOf(message)) {
    const isTaken = await Promise.race([
      closed,
      new Promise<boolean>((resolve) => request.write(step, (error) => resolve(error == null))),
    ]);
    if (!isTaken) return;
    onSent(step.length);
  }
  request.end();
}

function late(shown: string): Error {
  return failed(`${shown} did not answer in time: give it longer with --timeout SECONDS`);
}

/** A server of HTTP/1.1 answers the first bytes of HTTP/2 with text, which breaks the connection. */
function brokenComplaint(error: Error | undefined, shown: string): Error {
  if (error !== undefined && isComplaint(error)) return error;
  if (errorCode(error) === "ERR_HTTP2_ERROR") {
    return failed(
      `${shown} does not speak HTTP/2, which gRPC goes by: Slipway's server does on its port for HTTP and on the next one, other servers on one of their own`,
      error,
    );
  }
  return failed(`${shown} cut the connection: is it a server of gRPC? https:// takes TLS, http:// none`, error);
}
