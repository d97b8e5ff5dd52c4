import { once } from "node:events";
import { Agent, type IncomingHttpHeaders, request as httpRequest } from "node:http";
import { type ClientHttp2Session, constants } from "node:http2";
import { connect } from "node:net";
import { begin, openSession, outcomeOf } from "../grpc/client.ts";
import { preface } from "../grpc/raw-client.ts";
import type { FuzzRequest } from "./good-requests.ts";

export interface FuzzAnswer {
  /** HTTP's; of a gRPC call that was answered, 200. */
  readonly status: number;
  /** Of gRPC; undefined over HTTP. */
  readonly grpcStatus?: number;
  /** Over gRPC the trailers. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends to one server, over connections that are kept where the protocol keeps them. */
export interface FuzzClient {
  readonly send: (request: FuzzRequest) => Promise<FuzzAnswer>;
  /** All that comes back until the connection ends. The sending side is closed behind the bytes. */
  readonly sendBytes: (bytes: Buffer) => Promise<Buffer>;
  readonly close: () => void;
}

/** Far longer than any answer takes: what is not there by then never comes. */
const hangMilliseconds = 30_000;

export function createFuzzClient(port: number, connections: number): FuzzClient {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let session: ClientHttp2Session | undefined;

  const sendHttp = ({ path, headers, body }: FuzzRequest): Promise<FuzzAnswer> =>
    new Promise((resolve, reject) => {
      const request = httpRequest({ port, host: "127.0.0.1", path, method: "POST", headers, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
        });
      });
      request.setTimeout(hangMilliseconds, () => request.destroy(new Error("no answer came")));
      request.on("error", (error) => {
        // The server ended an idle connection of the agent's while this was on its way: nobody is to blame.
        if (request.reusedSocket && "code" in error && error.code === "ECONNRESET")
          resolve(sendHttp({ path, headers, body, protocol: "http" }));
        else reject(error);
      });
      request.end(body);
    });

  const sendGrpc = async ({ path, headers, body }: FuzzRequest): Promise<FuzzAnswer> => {
    if (session === undefined || session.closed || session.destroyed) session = openSession(port);
    const stream = begin(session, path, headers);
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), hangMilliseconds);
    stream.end(body);
    const outcome = await outcomeOf(stream);
    clearTimeout(timer);
    if (outcome.resetCode === constants.NGHTTP2_CANCEL) throw new Error("no answer came");
    return {
      status: Number(outcome.headers[":status"] ?? 0),
      grpcStatus: outcome.status,
      headers: outcome.trailers,
      body: outcome.messages[0] ?? Buffer.alloc(0),
    };
  };

  return {
    send: (request) => (request.protocol === "grpc" ? sendGrpc(request) : sendHttp(request)),

    async sendBytes(bytes) {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      socket.setTimeout(hangMilliseconds, () => socket.destroy(new Error("the connection was left open")));
      const chunks: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      let failure: Error | undefined;
      // A reset ends the connection, too.
      socket.on("error", (error) => {
        if (!("code" in error)) failure = error;
      });
      socket.on("end", () => socket.end());
      socket.end(bytes);
      await once(socket, "close");
      if (failure !== undefined) throw failure;
      return Buffer.concat(chunks);
    },

    close() {
      agent.destroy();
      session?.destroy();
    },
  };
}

/** A request as the bytes of a connection. */
export function asBytes({ protocol, path, headers, body }: FuzzRequest): Buffer {
  // What follows the preface is for the mutation to make up: whole frames are what `send` is for.
  if (protocol === "grpc") return Buffer.concat([preface, Buffer.alloc(9), body]);
  const lines = Object.entries({ host: "a", ...headers, "content-length": String(body.length) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${head}\r\n`, "latin1"), body]);
}
