import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import type { Authority } from "../fetch/servers/authority.ts";

/**
 * As much of an API server as `slipway predict` asks for: a Service, its pods, and `portforward` by WebSocket as the
 * kubelet answers it, to a port of this machine. Written apart from the client's code, which it is to check.
 */
export interface ApiServer {
  readonly url: string;
  /** Method and path of what was asked, with what was answered: to be changed in the middle of a test. */
  readonly answers: Map<string, readonly [status: number, body: object]>;
  /** Pods that ports were forwarded to, and which. */
  readonly forwarded: string[];
  /** Said on the channel for errors instead of forwarding. */
  failure: string | undefined;
  readonly close: () => void;
}

export async function startApiServer(backendPort: number, authority: Authority): Promise<ApiServer> {
  const tls = { cert: readFileSync(authority.certificatePath), key: readFileSync(authority.keyPath) };
  const sockets = new Set<Duplex>();
  const server = createServer(tls, (request, response) => {
    const [status, body] = answerTo(request);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  const answerTo = ({ method, url = "" }: IncomingMessage): readonly [number, object] =>
    api.answers.get(`${method} ${url}`) ?? [404, { message: `${url} not found` }];
  server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    const [, pod, port] = /\/pods\/([^/]+)\/portforward\?ports=(\d+)$/.exec(request.url ?? "") ?? [];
    const refusal = api.answers.get(`GET ${request.url}`);
    if (pod === undefined || refusal !== undefined) {
      const body = JSON.stringify((refusal ?? [404, {}])[1]);
      socket.end(`HTTP/1.1 ${refusal?.[0] ?? 404} No\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      return;
    }
    api.forwarded.push(`${pod}:${port}`);
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    const head = `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n`;
    // In one piece with what follows: the client must not lose it.
    const start: Buffer[] = [Buffer.from(`${head}sec-websocket-protocol: v4.channel.k8s.io\r\n\r\n`)];
    for (const channel of [0, 1]) start.push(frame([channel, Number(port) & 0xff, Number(port) >> 8]));
    socket.write(Buffer.concat(start));
    if (api.failure === undefined) forward(socket, backendPort);
    else socket.end(Buffer.concat([frame([1, ...Buffer.from(api.failure)]), Buffer.from([0x88, 0])]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const api: ApiServer = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers: new Map(),
    forwarded: [],
    failure: undefined,
    close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
  return api;
}

function forward(socket: Duplex, port: number): void {
  const backend = connect(port, "127.0.0.1");
  backend.on("data", (chunk) => socket.write(frame([0, ...chunk])));
  backend.on("error", () => socket.destroy());
  backend.on("close", () => socket.end(Buffer.from([0x88, 0])));
  socket.on("close", () => backend.destroy());
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let got = unmask(rest); got !== undefined; got = unmask(rest)) {
      rest = rest.subarray(got.bytes);
      if (got.opcode === 2 && got.payload[0] === 0) backend.write(got.payload.subarray(1));
    }
  });
}

/** A binary message in one frame, from the server. */
function frame(bytes: readonly number[]): Buffer {
  const head = bytes.length < 126 ? [0x82, bytes.length] : [0x82, 127, 0, 0, 0, 0, ...bytesOf(bytes.length)];
  return Buffer.concat([Buffer.from(head), Buffer.from(bytes)]);
}

function bytesOf(length: number): number[] {
  return [24, 16, 8, 0].map((shift) => (length >> shift) & 0xff);
}

function unmask(
  bytes: Buffer,
): { readonly opcode: number; readonly payload: Buffer; readonly bytes: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  if ((bytes.readUInt8(1) & 0x80) === 0) throw new Error("a client's frame is not masked");
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start + 4) return undefined;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const end = start + 4 + length;
  if (bytes.length < end) return undefined;
  const payload = Buffer.from(bytes.subarray(start + 4, end));
  for (let index = 0; index < length; index++) {
    payload.writeUInt8(payload.readUInt8(index) ^ bytes.readUInt8(start + (index & 3)), index);
  }
  return { opcode: bytes.readUInt8(0) & 0x0f, payload, bytes: end };
}
