import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ProtoObject } from "../../../fixtures/proto-message.ts";
import { frame, inference, openSession, send } from "../grpc/client.ts";
import { raw, type RunningServer, startServer } from "../harness.ts";

/** What a case of another server's test suite asks, put into our words, and what this server answers. */
export interface OutsideCase {
  /** As the suite calls it, and what of it this is where it is several. */
  readonly name: string;
  readonly asks: HttpQuestion | GrpcQuestion | RawQuestion;
  /** What the suite expects, in short. */
  readonly theirs: string;
  readonly ours: HttpAnswer | GrpcAnswer | RawAnswer;
  /** Why ours is another, where it is. */
  readonly because?: string;
}

interface HttpQuestion {
  /** POST when there is a body. */
  readonly path: string;
  /** An object is sent as JSON, an array chunk by chunk. */
  readonly body?: string | Uint8Array | object | readonly Uint8Array[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

interface HttpAnswer {
  readonly status: number;
  /** Of a refusal. */
  readonly code?: string;
  /** All of it, or its part of these keys. */
  readonly json?: unknown;
  /** What lies behind the JSON. */
  readonly bytes?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

interface GrpcQuestion {
  /** A method of the inference service. */
  readonly grpc: string;
  /** An empty message when left out: of what is not served, the server knows no messages. */
  readonly request?: ProtoObject;
}

interface GrpcAnswer {
  readonly grpcStatus: number;
  readonly code?: string;
  /** Fields that the answer has, beside others. */
  readonly response?: ProtoObject;
}

/** Bytes on a connection of their own. */
interface RawQuestion {
  readonly raw: string;
}

interface RawAnswer {
  readonly text: RegExp;
}

/** One server for the cases of one model, whose name is `m`, and which answers a probe after each of them. */
export function describeSuite(
  suite: string,
  model: Uint8Array,
  cases: readonly OutsideCase[],
  variables: Readonly<Record<string, string>> = {},
): void {
  describe(suite, () => {
    let server: RunningServer | undefined;
    before(async () => {
      server = await startServer({ files: { "model.onnx": model }, variables });
    });
    after(() => server?.stop());

    for (const { name, asks, theirs, ours, because } of cases) {
      const difference = because === undefined ? "" : `; not here: ${because}`;
      test(`${name}: ${theirs}${difference}`, async () => {
        assert.ok(server !== undefined);
        if ("raw" in asks) await askRaw(server, asks, ours as RawAnswer);
        else if ("grpc" in asks) await askGrpc(server, asks, ours as GrpcAnswer);
        else await askHttp(server, asks, ours as HttpAnswer);
        assert.equal((await fetch(`${server.url}/v2/health/ready`)).status, 200, "the next one is unharmed");
      });
    }
  });
}

async function askHttp({ url }: RunningServer, { path, body, headers = {}, method }: HttpQuestion, ours: HttpAnswer) {
  const sent = body === undefined ? {} : { body: bodyOf(body), duplex: "half" as const };
  const verb = method ?? (body === undefined ? "GET" : "POST");
  const response = await fetch(url + path, { method: verb, headers, ...sent });
  const bytes = Buffer.from(await response.arrayBuffer());
  const length = Number(response.headers.get("inference-header-content-length") ?? bytes.length);
  const text = bytes.subarray(0, length).toString();
  assert.equal(response.status, ours.status, text.slice(0, 300));
  for (const [name, value] of Object.entries(ours.headers ?? {})) assert.equal(response.headers.get(name), value, name);
  if (ours.code !== undefined) assert.equal((JSON.parse(text) as { code: string }).code, ours.code, text.slice(0, 300));
  if (ours.json !== undefined) assert.partialDeepStrictEqual(JSON.parse(text), ours.json);
  if (ours.bytes !== undefined)
    assert.ok(bytes.subarray(length).equals(ours.bytes), "the bytes behind the JSON differ");
}

function bodyOf(body: NonNullable<HttpQuestion["body"]>): string | Buffer<ArrayBuffer> | ReadableStream {
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return Buffer.from(body);
  if (Array.isArray(body)) return ReadableStream.from(body as readonly Uint8Array[]);
  return JSON.stringify(body);
}

async function askGrpc({ grpcPort }: RunningServer, { grpc, request }: GrpcQuestion, ours: GrpcAnswer) {
  const session = openSession(grpcPort);
  const path = `/inference.GRPCInferenceService/${grpc}`;
  const message = request === undefined ? Buffer.alloc(0) : inference.encode(`${grpc}Request`, request);
  const outcome = await send(session, path, frame(message));
  session.close();
  assert.equal(outcome.status, ours.grpcStatus, outcome.message);
  if (ours.code !== undefined) assert.equal(outcome.trailers["problem-code"], ours.code, outcome.message);
  if (ours.response === undefined) return;
  const [answer] = outcome.messages;
  assert.ok(answer !== undefined);
  assert.partialDeepStrictEqual(inference.decode(`${grpc}Response`, answer), ours.response);
}

async function askRaw({ port }: RunningServer, { raw: bytes }: RawQuestion, { text }: RawAnswer) {
  assert.match((await raw(port, bytes)).slice(0, 2000), text);
}
