import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { Authority } from "./authority.ts";

export interface ServedFile {
  readonly content: Uint8Array;
  readonly contentType?: string;
  /** A strong one of the content when left out; `weak`, a date of last change, or none at all. */
  readonly validator?: "weak" | "date" | "none";
  /** Answers every request with the whole. */
  readonly ignoresRange?: true;
  /** Knows ranges and answers them whatever `If-Range` says. */
  readonly ignoresCondition?: true;
  /** Without a length, as programs answer that make their answer on the way. */
  readonly chunked?: true;
  /** Without a length and without chunks: the connection's end is the file's, as with HTTP/1.0. */
  readonly untilClosed?: true;
  /** A `Content-Encoding` to name, whatever the request accepts. */
  readonly contentEncoding?: string;
  /** Sends so many bytes at a time, with so many milliseconds in between. */
  readonly trickle?: { readonly bytes: number; readonly milliseconds: number };
}

export interface Running {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** `http://127.0.0.1:port`, or `https://`. */
  readonly origin: string;
  close(): Promise<void>;
}

export async function serve(listener: RequestListener, authority?: Authority): Promise<Running> {
  const server: Server =
    authority === undefined
      ? createServer(listener)
      : createTlsServer(
          { cert: await readFile(authority.certificatePath), key: await readFile(authority.keyPath) },
          listener,
        );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  const host = `127.0.0.1:${address.port}`;
  return {
    host,
    origin: `${authority === undefined ? "http" : "https"}://${host}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers a GET with a file, as a web server does: validators, and ranges under their conditions (RFC 9110 §13, §14). */
export async function sendFile(request: IncomingMessage, response: ServerResponse, file: ServedFile): Promise<void> {
  const { content, validator } = file;
  const tag = entityTag(content);
  const modified = "Tue, 24 Nov 2026 08:00:00 GMT";
  const known = validator === "date" ? modified : validator === undefined ? tag : undefined;
  response.setHeader("content-type", file.contentType ?? "application/octet-stream");
  response.setHeader("accept-ranges", "bytes");
  if (validator === undefined || validator === "weak")
    response.setHeader("etag", `${validator === "weak" ? "W/" : ""}${tag}`);
  if (validator === "date") {
    response.setHeader("last-modified", modified);
    response.setHeader("date", "Tue, 24 Nov 2026 09:00:00 GMT");
  }
  const condition = request.headers["if-range"];
  const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const fits = condition === undefined || condition === known || file.ignoresCondition === true;
  const isPart = asked !== null && fits && file.ignoresRange !== true;
  const from = isPart ? Number(asked[1]) : 0;
  const to = isPart && asked[2] !== "" ? Math.min(Number(asked[2]) + 1, content.byteLength) : content.byteLength;
  if (from >= content.byteLength && content.byteLength > 0) {
    response.writeHead(416, { "content-range": `bytes */${content.byteLength}` }).end();
    return;
  }
  if (isPart) response.setHeader("content-range", `bytes ${from}-${to - 1}/${content.byteLength}`);
  if (file.contentEncoding !== undefined) response.setHeader("content-encoding", file.contentEncoding);
  if (file.untilClosed === true) {
    response.useChunkedEncodingByDefault = false;
    response.setHeader("connection", "close");
  } else if (file.chunked !== true) response.setHeader("content-length", to - from);
  response.statusCode = isPart ? 206 : 200;
  if (file.trickle === undefined) {
    response.end(content.subarray(from, to));
    return;
  }
  for (let at = from; at < to && !response.destroyed; at += file.trickle.bytes) {
    response.write(content.subarray(at, Math.min(at + file.trickle.bytes, to)));
    await sleep(file.trickle.milliseconds);
  }
  response.end();
}

export function entityTag(content: Uint8Array): string {
  return `"${createHash("sha256").update(content).digest("hex").slice(0, 16)}"`;
}

export interface SeenRequest {
  readonly path: string;
  readonly range: string | undefined;
  readonly condition: string | undefined;
  readonly authorization: string | undefined;
}

export interface FileServer extends Running {
  readonly files: Map<string, ServedFile>;
  readonly seen: readonly SeenRequest[];
}

export interface FileServerOptions {
  readonly authority?: Authority;
  /** `Authorization` to demand. */
  readonly authorization?: string;
}

/** A web server on loopback with the files that are put into it. */
export async function startFileServer({ authority, authorization }: FileServerOptions = {}): Promise<FileServer> {
  const files = new Map<string, ServedFile>();
  const seen: SeenRequest[] = [];
  const running = await serve((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const { headers } = request;
    const condition = headers["if-range"]?.toString();
    seen.push({ path: pathname, range: headers.range, condition, authorization: headers.authorization });
    const file = files.get(pathname);
    if (authorization !== undefined && headers.authorization !== authorization) response.writeHead(401).end();
    else if (file === undefined) response.writeHead(404).end("nothing here");
    else void sendFile(request, response, file);
  }, authority);
  return { ...running, files, seen };
}
