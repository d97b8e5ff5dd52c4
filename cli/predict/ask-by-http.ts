import { failed } from "../complaint.ts";
import type { Edge } from "../edge.ts";
import { binaryAnswer } from "./answer/binary-answer.ts";
import { jsonAnswer } from "./answer/json-answer.ts";
import type { Answer } from "./answer/output.ts";
import type { Answered } from "./answered.ts";
import type { HttpRequest } from "./encode-request.ts";
import { type ServerAnswer, sizeOf, textOf } from "./exchange.ts";
import { type Metadata, requireKnownInputs } from "./metadata.ts";
import { refusal } from "./refusal.ts";
import { sendingProgress } from "./sending-progress.ts";
import type { Server } from "./server.ts";

/** The model's inputs and outputs, by `GET v2/models/M`. Throws a complaint when they are not told. */
export async function metadataByHttp(server: Server, model: string): Promise<Metadata> {
  const answer = await server.ask(`/v2/models/${encodeURIComponent(model)}`);
  if (answer.status !== 200) throw await refusal(answer, server);
  const told = parsed(textOf(answer)) as Partial<Metadata> & { readonly versions?: readonly string[] };
  const { inputs, outputs, versions } = told;
  if (!Array.isArray(inputs) || !Array.isArray(outputs)) {
    throw failed(`${server.shown} does not tell the inputs and outputs of ${model}: is it the model's server?`);
  }
  return requireKnownInputs({ inputs, outputs, version: versions?.[0] });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {}; // a page for people
  }
}

/** Sends a prediction and reads the answer. Throws a complaint when it is refused. */
export async function askByHttp(
  server: Server,
  model: string,
  { path, headers, body }: HttpRequest,
  edge: Pick<Edge, "messages" | "now">,
): Promise<Answered> {
  const sentBytes = sizeOf(body);
  const progress = sendingProgress(edge, server.shown, sentBytes);
  const began = edge.now();
  const got = await server.ask(path, { headers, body, onSent: progress.add }).finally(progress.end);
  const milliseconds = edge.now() - began;
  if (got.status !== 200) throw await refusal(got, server);
  const answered = { milliseconds, sentBytes, receivedBytes: got.bytes.length };
  if (got.headerLength !== undefined) {
    return { ...answered, answer: binaryAnswer(got.bytes, got.headerLength), text: undefined };
  }
  return { ...answered, answer: await answerIn(got, server, model), text: textOf(got) };
}

/** What is needed of the metadata is asked for only then; an answer is shown as it came where there is none. */
async function answerIn(got: ServerAnswer, server: Server, model: string): Promise<Answer | undefined> {
  try {
    return await jsonAnswer(textOf(got), model, () => metadataByHttp(server, model).catch(() => undefined));
  } catch {
    return undefined; // no JSON at all
  }
}
