import { openSession, type Session } from "../../../../server/engine/session/session.ts";
import { isProblem, type Problem } from "../../../../server/errors.ts";
import { checkInferRequest } from "../../../../server/grpc/inference/infer-request.ts";
import { readInferRequest } from "../../../../server/grpc/inference/infer-request-message.ts";
import { encodeInferResponse } from "../../../../server/grpc/inference/infer-response.ts";
import { decodeV2 } from "../../../../server/protocol/v2/decode-v2.ts";
import { encodeV2 } from "../../../../server/protocol/v2/encode-v2.ts";
import type { Tensor } from "../../../../server/tensor.ts";
import type { Form, Message } from "./forms.ts";

const served = { name: "m", version: "v1" };

/** The model as a shard opens it, or why it does not. */
export function openModel(modelPath: string): Session | string {
  const session = openSession({ modelPath, intraOpThreads: 1, providers: ["cpu"] }, { ORT_DISABLE_TELEMETRY: "1" });
  return session.ok ? session : session.message;
}

/** What a shard answers to a message, by its own codecs and session; a text when it refuses. */
export function answerInProcess(session: Session, form: Form, message: Message): Message | string {
  return form.name.startsWith("gRPC") ? answerGrpc(session, message) : answerHttp(session, message);
}

function answerHttp(session: Session, { bytes, headerLength }: Message): Message | string {
  const request = decodeV2(bytes, session.signature, headerLength);
  if (isProblem(request)) return refusal(request);
  const outputs = run(session, request.inputs);
  if (typeof outputs === "string") return outputs;
  const { headers, parts } = encodeV2(served, request, outputs);
  const length = headers["inference-header-content-length"];
  const body = Buffer.concat([...parts].map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
  return length === undefined ? { bytes: body } : { bytes: body, headerLength: Number(length) };
}

function answerGrpc(session: Session, { bytes }: Message): Message | string {
  const message = readInferRequest(Buffer.from(bytes));
  if (isProblem(message)) return refusal(message);
  const request = checkInferRequest(message, session.signature);
  if (isProblem(request)) return refusal(request);
  const outputs = run(session, request.inputs);
  if (typeof outputs === "string") return outputs;
  const response = { modelName: served.name, modelVersion: served.version, id: "", outputs };
  const pieces = encodeInferResponse({ ...response, isRaw: message.raw.length > 0 });
  // The first five bytes are the prefix of the message.
  return { bytes: Buffer.concat(pieces).subarray(5) };
}

function run(session: Session, inputs: readonly Tensor[]): readonly Tensor[] | string {
  const outcome = session.run(
    inputs,
    session.signature.outputs.map(({ name }) => name),
  );
  return outcome.kind === "done" ? outcome.outputs : outcome.message;
}

function refusal({ code, message }: Problem): string {
  return `${code}: ${message}`;
}
