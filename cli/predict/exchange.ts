import { Readable } from "node:stream";
import { request } from "undici";
import { errorCode } from "../../server/fetch/failure.ts";
import { connectErrorOf } from "../../server/fetch/http/connect.ts";
import { connectionProblem } from "../../server/fetch/http/connection-problem.ts";
import type { Routes } from "../../server/fetch/http/routes.ts";
import { failed, isComplaint } from "../complaint.ts";

/** What is sent by POST. */
export interface Content {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly Uint8Array[];
  /** Told of each part that the connection has taken. */
  readonly onSent: (bytes: number) => void;
}

export interface ServerAnswer {
  readonly status: number;
  readonly bytes: Buffer<ArrayBuffer>;
  /** Of an answer with tensors in binary form: how many of its bytes are JSON. */
  readonly headerLength?: string | undefined;
}

export interface ExchangeOptions {
  readonly routes: Routes;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Answers of predictions may be large; without an end they are an error. */
export const longestAnswerBytes = 256 * 1024 * 1024;
/** What is given to a connection at once: progress is told in such steps. */
const stepBytes = 256 * 1024;

/** GET, or POST of a content, and the whole answer, whatever its status. Throws a complaint when there is none. */
export async function exchange(
  address: string,
  content: Content | undefined,
  { routes, headers, signal }: ExchangeOptions,
): Promise<ServerAnswer> {
  const { dispatcher, shown } = routes.for(new URL(address));
  try {
    const answer = await request(address, {
      dispatcher,
      method: content === undefined ? "GET" : "POST",
      headers: { ...headers, ...contentHeaders(content) },
      body: content === undefined ? null : bodyOf(content),
      signal,
    });
    const { statusCode: status, headers: got, body } = answer;
    const headerLength = got["inference-header-content-length"];
    const bytes = await bytesOf(body as AsyncIterable<Uint8Array>);
    return { status, bytes, headerLength: typeof headerLength === "string" ? headerLength : undefined };
  } catch (error) {
    throw connectionComplaint(error, shown);
  }
}

/** An answer's text, of an error or of JSON. */
export function textOf({ bytes }: Pick<ServerAnswer, "bytes">): string {
  return bytes.toString("utf8");
}

export function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, { length }) => total + length, 0);
}

/** Parts of no more than {@link stepBytes}, as views. */
export function* stepsOf(parts: readonly Uint8Array[]): Generator<Uint8Array, void, undefined> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += stepBytes) yield part.subarray(at, at + stepBytes);
  }
}

function contentHeaders(content: Content | undefined): Readonly<Record<string, string>> {
  if (content === undefined) return { accept: "application/json" };
  return { accept: "application/json, */*", ...content.headers, "content-length": String(sizeOf(content.body)) };
}

function bodyOf({ body, onSent }: Content): Buffer | Readable {
  // One piece goes out with its header, in one packet where it is small enough.
  if (sizeOf(body) <= stepBytes) return Buffer.concat(body);
  const steps = function* (): Generator<Uint8Array, void, undefined> {
    for (const step of stepsOf(body)) {
      yield step;
      // The next one was asked for, so that the connection has taken this one.
      onSent(step.length);
    }
  };
  return Readable.from(steps(), { objectMode: true, highWaterMark: 1 });
}

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > longestAnswerBytes) throw failed(`the answer has more than ${longestAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What is said when a connection did not come about, or broke. */
export function connectionComplaint(error: unknown, host: string): Error {
  if (isComplaint(error)) return error;
  const code = errorCode(error);
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT") {
    return failed(`${host} did not answer in time: give it longer with --timeout SECONDS`, error);
  }
  if (code === "ECONNREFUSED" && connectErrorOf(error)?.isToProxy !== true)
    return failed(`nothing listens at ${host}: is it the right address, and up?`, error);
  // Silence has been told above; what is left names its own time.
  return failed(connectionProblem(error, host, 0).words, error);
}
