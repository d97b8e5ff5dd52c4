import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Sending } from "./span-exporter.ts";
import type { TraceSettings } from "./trace-settings.ts";

/** Those that OTLP calls retryable ("OTLP/HTTP Response"). */
const passingStatuses: readonly number[] = [429, 502, 503, 504];
/** Of an answer, which nobody reads: more is cut off with its connection. */
const answerBytes = 64 * 1024;

/** POSTs an ExportTraceServiceRequest to a collector, on one connection that is kept. */
export function createSendSpans(
  settings: Pick<TraceSettings, "endpoint" | "headers" | "isCompressed" | "timeoutMilliseconds">,
): (body: Uint8Array) => Promise<Sending> {
  const isSecure = settings.endpoint.startsWith("https:");
  const agent = new (isSecure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 4 });
  const request = isSecure ? httpsRequest : httpRequest;

  return async (body) => {
    const content = settings.isCompressed ? await compress(body) : body;
    return new Promise((resolve) => {
      const fail = (error: Error): void => {
        resolve({ kind: "refused", detail: `the collector cannot be reached: ${error.message}`, isPassing: true });
      };
      try {
        const sent = request(
          settings.endpoint,
          {
            method: "POST",
            agent,
            headers: {
              "content-type": "application/x-protobuf",
              "user-agent": "slipway",
              ...settings.headers,
              "content-length": content.length,
              ...(settings.isCompressed ? { "content-encoding": "gzip" } : {}),
            },
            signal: AbortSignal.timeout(settings.timeoutMilliseconds),
          },
          (response) => resolve(readAnswer(response)),
        );
        sent.on("error", fail);
        sent.on("socket", (socket) => socket.unref());
        sent.end(content);
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
  };
}

const compress = promisify(gzip);

function readAnswer(response: IncomingMessage): Sending {
  const { statusCode = 0, headers } = response;
  let received = 0;
  response.on("data", (chunk: Uint8Array) => {
    received += chunk.length;
    if (received > answerBytes) response.destroy();
  });
  response.on("error", ignore);
  if (statusCode >= 200 && statusCode < 300) return { kind: "taken" };
  const seconds = Number(headers["retry-after"]);
  return {
    kind: "refused",
    detail: `the collector answers ${statusCode}`,
    isPassing: passingStatuses.includes(statusCode),
    ...(Number.isFinite(seconds) && seconds >= 0 ? { afterMilliseconds: seconds * 1000 } : {}),
  };
}

function ignore(): void {
  // The status is known; how its body ends changes nothing.
}
