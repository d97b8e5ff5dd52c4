import type { Edge } from "../../edge.ts";
import type { Answered } from "../answered.ts";
import { sizeOf } from "../exchange.ts";
import { type Metadata, requireKnownInputs } from "../metadata.ts";
import type { Question } from "../requested-tensors.ts";
import { sendingProgress } from "../sending-progress.ts";
import type { Channel } from "./channel.ts";
import { isGrpcStatus, statusComplaint } from "./grpc-status.ts";
import { inferAnswer, inferRequest } from "./infer-message.ts";
import { metadataAnswer, metadataRequest } from "./metadata-message.ts";

/** The model's inputs and outputs, by ModelMetadata. Throws a complaint when they are not told. */
export async function metadataByGrpc(channel: Channel, model: string): Promise<Metadata> {
  const answer = await explained(channel, channel.call("ModelMetadata", metadataRequest(model)));
  return requireKnownInputs(metadataAnswer(answer));
}

/** Sends a prediction and reads the answer. Throws a complaint when it is refused. */
export async function askByGrpc(
  channel: Channel,
  model: string,
  question: Question,
  edge: Pick<Edge, "messages" | "now">,
): Promise<Answered> {
  const message = inferRequest(model, question);
  const sentBytes = sizeOf(message);
  const progress = sendingProgress(edge, channel.shown, sentBytes);
  const began = edge.now();
  const call = channel.call("ModelInfer", message, progress.add);
  const got = await explained(channel, call.finally(progress.end));
  const milliseconds = edge.now() - began;
  return { answer: inferAnswer(got), text: undefined, milliseconds, sentBytes, receivedBytes: got.length };
}

function explained<Got>({ shown }: Channel, call: Promise<Got>): Promise<Got> {
  return call.catch((error: unknown) => {
    throw isGrpcStatus(error) ? statusComplaint(error, shown) : error;
  });
}
