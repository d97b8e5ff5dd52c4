import { type ClientHttp2Session, connect, constants } from "node:http2";
import { createReader, nextField, readString, skipField } from "../../server/grpc/wire/reader.ts";
import { type LoadClient, requestTimeoutMs } from "./load-client.ts";
import type { Outcome } from "./tally.ts";

export const grpcContentType = "application/grpc";

/** Behind it a message begins. */
const prefixBytes = 5;

type Verdict = Pick<Outcome, "status" | "version" | "error">;

/**
 * Calls ModelInfer with the same message again and again on one connection, and on another one once the server has sent
 * GOAWAY, as clients of gRPC do. A call that is cut off has failed; one that never left is sent once more, as they do
 * (gRFC A6, "transparent retries"): Node refuses by itself what is still to be sent when the GOAWAY is read.
 */
export function openGrpcClient(options: { readonly url: string; readonly body: Uint8Array }): LoadClient {
  let kept: ClientHttp2Session | undefined;

  const session = (): { readonly session: ClientHttp2Session; readonly opened: boolean } => {
    if (kept !== undefined && !kept.closed && !kept.destroyed) return { session: kept, opened: false };
    const fresh = connect(new URL(options.url).origin);
    // Told by the call that it breaks.
    fresh.on("error", () => undefined);
    kept = fresh;
    return { session: fresh, opened: true };
  };

  return {
    async exchange() {
      const first = session();
      const verdict = await call(first.session, options.body);
      if (verdict.error !== refused) return { opened: first.opened, ...verdict };
      first.session.close();
      const second = session();
      return { opened: true, ...(await call(second.session, options.body)) };
    },
    close: () => kept?.destroy(),
  };
}

function call(session: ClientHttp2Session, body: Uint8Array): Promise<Verdict> {
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  const stream = session.request({
    ":method": "POST",
    ":path": "/inference.GRPCInferenceService/ModelInfer",
    "content-type": grpcContentType,
    te: "trailers",
  });
  const chunks: Buffer[] = [];
  let status: string | string[] | undefined;
  let failure: NodeJS.ErrnoException | undefined;
  const timer = setTimeout(() => {
    resolve({ error: `no answer in ${requestTimeoutMs} ms` });
    stream.close(constants.NGHTTP2_CANCEL);
  }, requestTimeoutMs);
  stream.on("response", (headers) => (status = headers["grpc-status"]));
  stream.on("trailers", (trailers) => (status = trailers["grpc-status"]));
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("error", (error) => (failure = error));
  stream.once("close", () => {
    clearTimeout(timer);
    if (status === undefined) resolve({ error: errorOf(failure, stream.rstCode) });
    else resolve(judgeCall(status, Buffer.concat(chunks)));
  });
  stream.end(body);
  return promise;
}

const refused = "refused";

function errorOf(failure: NodeJS.ErrnoException | undefined, resetCode: number | undefined): string {
  if (resetCode === constants.NGHTTP2_REFUSED_STREAM) return refused;
  return failure?.code ?? `reset with code ${resetCode ?? 0}`;
}

/** A success is an OK that names the version which gave it. */
function judgeCall(status: string | string[], answer: Buffer<ArrayBuffer>): Verdict {
  if (status !== "0") return { error: `gRPC status ${status.toString()}` };
  const reader = createReader(answer.subarray(prefixBytes));
  while (nextField(reader)) {
    if (reader.field === 2) return { status: 200, version: readString(reader) };
    skipField(reader);
  }
  return { status: 200, error: "answer without model_version" };
}
