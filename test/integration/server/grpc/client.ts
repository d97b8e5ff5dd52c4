import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from "node:http2";
import { connect as connectSocket, type Socket } from "node:net";
import { after } from "node:test";
import { type ProtoObject, protoCodec } from "../../../fixtures/proto-message.ts";

export const inference = protoCodec("server/grpc/inference.proto");
export const health = protoCodec("server/grpc/health/health.proto");
export const reflection = protoCodec("server/grpc/reflection/reflection.proto");

export const inferPath = "/inference.GRPCInferenceService/ModelInfer";

export interface Outcome {
  readonly headers: IncomingHttpHeaders;
  /** Of a call without messages, the headers themselves. */
  readonly trailers: IncomingHttpHeaders;
  /** Of gRPC; NaN when there was none. */
  readonly status: number;
  readonly message: string;
  readonly messages: readonly Buffer[];
  /** Of HTTP/2, when the stream was reset. */
  readonly resetCode: number;
}

export function openSession(port: number): ClientHttp2Session {
  return openOn(connectSocket({ port, host: "127.0.0.1" }));
}

/** On a socket that the test can break. */
export function openOn(socket: Socket): ClientHttp2Session {
  const settings = { initialWindowSize: 1024 * 1024 };
  const session = connect("http://localhost", { settings, createConnection: () => socket });
  session.on("error", () => undefined);
  after(() => socket.destroy());
  return session;
}

export function frame(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

export function begin(
  session: ClientHttp2Session,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): ClientHttp2Stream {
  const head = { ":method": "POST", ":path": path, te: "trailers", "content-type": "application/grpc", ...headers };
  const stream = session.request(head);
  stream.on("error", () => undefined);
  return stream;
}

/** Reads the answer to its end. */
export async function outcomeOf(stream: ClientHttp2Stream): Promise<Outcome> {
  const chunks: Buffer[] = [];
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders | undefined;
  stream.on("response", (given) => {
    headers = given;
  });
  stream.on("trailers", (given) => {
    trailers = given;
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  // Not `once`: it would reject what a broken connection makes of the stream.
  await new Promise<void>((resolve) => {
    if (stream.destroyed) resolve();
    else stream.on("close", resolve);
  });
  const ends = trailers ?? headers;
  return {
    headers,
    trailers: ends,
    status: Number(ends["grpc-status"] ?? Number.NaN),
    message: decodeURIComponent(String(ends["grpc-message"] ?? "")),
    messages: messagesOf(Buffer.concat(chunks)),
    resetCode: stream.rstCode ?? 0,
  };
}

/** Sends `data` as it is and ends the request. */
export function send(
  session: ClientHttp2Session,
  path: string,
  data: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const stream = begin(session, path, headers);
  stream.end(data);
  return outcomeOf(stream);
}

/** One call of the inference service, by the names in its .proto file. Throws what is not OK. */
export async function call(session: ClientHttp2Session, method: string, request: ProtoObject): Promise<ProtoObject> {
  const path = `/inference.GRPCInferenceService/${method}`;
  const outcome = await send(session, path, frame(inference.encode(`${method}Request`, request)));
  const [message] = outcome.messages;
  if (outcome.status !== 0 || message === undefined) throw new Error(`${outcome.status}: ${outcome.message}`);
  return inference.decode(`${method}Response`, message);
}

/** A request of the ground's model with one FP32 input, typed. */
export function inferRequest(values: readonly number[], more: ProtoObject = {}): Buffer {
  const input = { name: "in_FP32", datatype: "FP32", shape: [values.length], contents: { fp32_contents: values } };
  return frame(inference.encode("ModelInferRequest", { model_name: "m", inputs: [input], ...more }));
}

/** The same with `count` values in raw form. */
export function rawInferRequest(count: number, more: ProtoObject = {}): Buffer {
  const input = { name: "in_FP32", datatype: "FP32", shape: [count] };
  const raw = new Uint8Array(Float32Array.from({ length: count }, (_, index) => index).buffer);
  const request = { model_name: "m", ...more, inputs: [input], raw_input_contents: [raw] };
  return frame(inference.encode("ModelInferRequest", request));
}

function messagesOf(data: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let position = 0; position + 5 <= data.length; ) {
    const end = position + 5 + data.readUInt32BE(position + 1);
    messages.push(data.subarray(position + 5, end));
    position = end;
  }
  return messages;
}
