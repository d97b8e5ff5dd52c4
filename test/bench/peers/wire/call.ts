import { request as httpRequest } from "node:http";
import { connect } from "node:http2";
import { prefixBytes } from "./grpc-message.ts";
import type { WireAnswer } from "./answer.ts";
import type { Dialect, WireRequest } from "./request.ts";

/** Where a server listens. */
export interface Addresses {
  readonly http: number;
  readonly grpc: number;
}

/** The first answer of a server that has just begun may take long: it loads and warms up. */
const timeoutMs = 60_000;

/** One request on a connection of its own. What goes wrong is an answer with status 0, never an exception. */
export function call({ http, grpc }: Addresses, { kind }: Dialect, request: WireRequest): Promise<WireAnswer> {
  return kind === "v2-grpc" ? callGrpc(grpc, request) : callHttp(http, request);
}

function callHttp(port: number, { path, headers, body }: WireRequest): Promise<WireAnswer> {
  const { promise, resolve } = Promise.withResolvers<WireAnswer>();
  const sent = httpRequest(
    {
      host: "127.0.0.1",
      port,
      path,
      method: "POST",
      headers: { ...headers, "content-length": body.byteLength },
      agent: false,
    },
    (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: textOf(response.headers), body: Buffer.concat(chunks) }),
      );
      response.once("error", (error) => resolve(noAnswer(error.message)));
    },
  );
  sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`no answer in ${timeoutMs} ms`)));
  sent.once("error", (error) => resolve(noAnswer(error.message)));
  sent.end(body);
  return promise;
}

/** A gRPC status other than 0 is told as an HTTP status of 500 with its message. */
function callGrpc(port: number, { path, headers, body }: WireRequest): Promise<WireAnswer> {
  const { promise, resolve } = Promise.withResolvers<WireAnswer>();
  const session = connect(`http://127.0.0.1:${port}`);
  session.once("error", (error) => resolve(noAnswer(error.message)));
  session.setTimeout(timeoutMs, () => resolve(noAnswer(`no answer in ${timeoutMs} ms`)));
  const stream = session.request({ ":method": "POST", ":path": path, ...headers });
  const chunks: Buffer[] = [];
  let heard: Readonly<Record<string, string>> = {};
  stream.on("response", (given) => {
    heard = textOf(given);
  });
  stream.on("trailers", (given) => {
    heard = { ...heard, ...textOf(given) };
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.once("error", (error) => resolve(noAnswer(error.message)));
  stream.once("close", () => {
    const status = heard["grpc-status"];
    if (status === "0")
      return resolve({ status: 200, headers: heard, body: Buffer.concat(chunks).subarray(prefixBytes) });
    const why = `gRPC status ${status ?? "missing"}: ${heard["grpc-message"] ?? ""}`;
    return resolve({ status: heard[":status"] === undefined ? 0 : 500, headers: heard, body: Buffer.from(why) });
  });
  stream.end(body);
  return promise.finally(() => session.destroy());
}

function noAnswer(why: string): WireAnswer {
  return { status: 0, headers: {}, body: Buffer.from(why) };
}

function textOf(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
