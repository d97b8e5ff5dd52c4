import { createServer, type Server, type Socket } from "node:net";
import { paths } from "../contract.ts";
import { defaultLimits } from "../http/limits.ts";
import type { Protocol } from "../shard/messages.ts";
import { tcpKeepAliveMilliseconds } from "../tcp-keep-alive.ts";
import { stopReading } from "./stop-reading.ts";

/** The prediction ports: accepts connections, answers probes, and hands everything else over. */
export interface FrontDesk {
  /** One for each port; not listening yet. */
  readonly server: (protocol: Protocol) => Server;
  /** Ends the connections that have sent nothing. */
  readonly endWaiting: () => void;
}

export interface FrontDeskOptions {
  /** The answer to a probe: JSON, and whether it is a good one. */
  readonly probe: (path: ProbePath) => { readonly isGood: boolean; readonly body: string };
  /** Takes the connection over, with what was read of it. */
  readonly handOver: (socket: Socket, protocol: Protocol, first: Buffer) => void;
  readonly newRequestId: () => string;
}

export type ProbePath = typeof paths.live | typeof paths.ready;

/** Connections that have not sent a byte. Beyond it the one that has waited longest makes room. */
const maximumWaiting = 4096;
/**
 * Proxies, pools and browsers open connections ahead and send their first request when there is one, as they send it on a
 * connection that is idle: whoever ends it first may lose that request, and that must not be the server.
 */
const silentMilliseconds = defaultLimits.idleSeconds * 1000;
/** How long who asked may take to read the answer and close. */
const lingerMilliseconds = 1000;
/** Of a whole request for a probe; the kubelet's has 120. */
const probeBytes = 1024;

/**
 * Nothing is parsed here, so nothing that a client sends takes longer than comparing a few bytes: that, and that nothing
 * else runs in this process, is why probes are answered whatever the model is doing. A probe is known by its first line,
 * if it came whole and alone, as the kubelet and load balancers send it; any other request for the same paths is
 * answered by a shard as well, only not as surely in time.
 */
export function createFrontDesk(options: FrontDeskOptions): FrontDesk {
  // In the order in which they came.
  const waiting = new Set<Socket>();

  const accept = (socket: Socket, protocol: Protocol): void => {
    socket.on("error", ignore);
    if (waiting.size >= maximumWaiting) {
      const [longest] = waiting;
      longest?.destroy();
    }
    waiting.add(socket);
    socket.setTimeout(silentMilliseconds, () => socket.destroy());
    const gone = (): void => {
      waiting.delete(socket);
    };
    socket.once("close", gone);
    socket.once("end", () => socket.end());
    socket.once("data", (first: Buffer) => {
      waiting.delete(socket);
      socket.setTimeout(0);
      socket.off("close", gone);
      socket.removeAllListeners("timeout").removeAllListeners("end");
      const probe = protocol === "http" ? probeOf(first) : undefined;
      if (probe === undefined) {
        stopReading(socket);
        options.handOver(socket, isHttp2(first) ? "grpc" : protocol, first);
      } else {
        answerProbe(socket, options.probe(probe), options.newRequestId());
      }
    });
  };

  return {
    server(protocol) {
      const settings = {
        allowHalfOpen: true,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: tcpKeepAliveMilliseconds,
      };
      return createServer(settings, (socket) => accept(socket, protocol));
    },
    endWaiting() {
      for (const socket of waiting) socket.end();
    },
  };
}

const probes: readonly (readonly [string, ProbePath])[] = [
  [`GET ${paths.ready} HTTP/1.`, paths.ready],
  [`GET ${paths.live} HTTP/1.`, paths.live],
];

function probeOf(first: Buffer): ProbePath | undefined {
  if (first.length > probeBytes) return undefined;
  const text = first.toString("latin1");
  const found = probes.find(([line]) => text.startsWith(line));
  // Whole and alone: what follows its empty line would be another request. One with an id of its own wants it back.
  if (found === undefined || text.indexOf("\r\n\r\n") !== text.length - 4) return undefined;
  // And of the headers of other origins' pages, a shard alone knows.
  return /\r\nx-request-id:|\r\norigin:|\r\ncontent-length:|\r\ntransfer-encoding:/i.test(text) ? undefined : found[1];
}

/** First bytes of every HTTP/2 connection (RFC 9113, 3.4), so that gRPC is understood on either port. */
function isHttp2(first: Buffer): boolean {
  return first.toString("latin1", 0, 4) === "PRI ";
}

/** The last answer of its connection: the next probe finds the supervisor again. */
function answerProbe(
  socket: Socket,
  { isGood, body }: { readonly isGood: boolean; readonly body: string },
  requestId: string,
): void {
  const head = [
    isGood ? "HTTP/1.1 200 OK" : "HTTP/1.1 503 Service Unavailable",
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    ...(isGood ? [] : ["retry-after: 1"]),
    `date: ${new Date().toUTCString()}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMilliseconds);
  socket.once("close", () => clearTimeout(timer));
}

function ignore(): void {
  // A reset is the client's business; without a listener it would end the process.
}
