import type { BodyPlan } from "../../bytes/body-store.ts";
import type { RunOutcome } from "../../engine/run.ts";
import { isProblem, type Problem, problems } from "../../errors.ts";
import type { Exchange } from "../../http/handler.ts";
import { checkSizes } from "../../protocol/check-sizes.ts";
import type { EncodedAnswer, InferenceRequest } from "../../protocol/request.ts";
import { releaseInputs } from "../../protocol/release-inputs.ts";
import { decodeV2, type V2Request } from "../../protocol/v2/decode-v2.ts";
import { bytesBeforeBody, readHeaderLength } from "../../protocol/v2/header-length.ts";
import type { ServedModel } from "../../state.ts";
import type { Signature, Tensor } from "../../tensor.ts";
import type { AppOptions } from "../app-options.ts";
import { decodedBytesPerByte } from "../decoded-bytes.ts";
import { smallBytes } from "../memory-budget.ts";
import { runProblem } from "../run-problem.ts";
import { tensorBytes } from "../tensor-bytes.ts";
import { type AnswerCoding, createAnswerCoding } from "./answer-coding.ts";
import type { Call } from "./call.ts";
import { compressAnswer, isWorthCompressing } from "./compress-answer.ts";
import { jsonHeaders, type Replies } from "./replies.ts";
import type { RouteHandler } from "./routes.ts";

/** The two halves of a protocol. */
interface Codec<Request extends InferenceRequest> {
  readonly decode: (body: Uint8Array, signature: Signature, exchange: Exchange) => Request | Problem;
  /** `hold` reserves memory for what it makes of the outputs at once, and does not give out as the client reads. */
  readonly encode: (
    model: ServedModel,
    request: Request,
    outputs: readonly Tensor[],
    hold: BodyPlan["take"],
  ) => EncodedAnswer | Problem;
}

/** Makes the handler of a prediction. */
export type Prediction = <Request extends InferenceRequest>(
  decode: Codec<Request>["decode"],
  encode: Codec<Request>["encode"],
) => RouteHandler;

const headerLengthName = "inference-header-content-length";

/** The way of every prediction: body, decoded, run, encoded. */
export function createPrediction(options: AppOptions, { refuse, fail }: Replies): Prediction {
  const { state, now } = options;
  const codingOf = createAnswerCoding(options.answerCompression);

  /** The engine calls it in a turn of its own, where an error of ours would end the process and all that is under way. */
  const decodedBy = <Decoded>(call: Call, decode: () => Decoded | Problem): Decoded | Problem => {
    try {
      return decode();
    } catch (error) {
      options.log.error({ requestId: call.exchange.id, error }, "a request could not be decoded");
      return problems.internal();
    }
  };

  const settle = async (
    call: Call,
    run: Promise<RunOutcome>,
    release: () => void,
    encode: (outputs: readonly Tensor[]) => EncodedAnswer | Problem,
    coding: Exclude<AnswerCoding, undefined>,
  ): Promise<void> => {
    try {
      const outcome = await run;
      release();
      // `over` counts it.
      if (outcome.kind === "abandoned") return;
      if (outcome.kind !== "done") {
        options.onFailed();
        refuse(call, runProblem(outcome, options));
        return;
      }
      call.marks?.push({ name: "encode", at: now() });
      options.onRan(outcome.queueSeconds, outcome.runSeconds);
      const encoded = encode(outcome.outputs);
      const answer = isProblem(encoded) || coding === "identity" ? encoded : await inCoding(call, encoded, coding);
      // It went meanwhile: what is wrong with its answer is nothing to tell.
      if (call.exchange.isGone) return;
      if (isProblem(answer)) refuse(call, answer);
      else call.exchange.answer({ status: 200, headers: { ...jsonHeaders, ...answer.headers }, parts: answer.parts });
    } catch (error) {
      fail(call, error);
    }
  };

  return <Request extends InferenceRequest>(
    decode: Codec<Request>["decode"],
    encode: Codec<Request>["encode"],
  ): RouteHandler =>
    (call) => {
      const { model } = state;
      const engine = options.engine();
      if (model === undefined || engine === undefined) return refuse(call, problems.notReady(state.phase));
      const { exchange, ticket } = call;
      const coding = codingOf(exchange.header("accept-encoding"));
      if (coding === undefined) return refuse(call, problems.notAcceptable(exchange.header("accept-encoding") ?? ""));
      const headerLength = exchange.header(headerLengthName);
      // Tensors in binary form are used where they lie, behind the JSON.
      const growth = headerLength === undefined ? decodedBytesPerByte(model.signature) : 0;
      const whole = (body: Uint8Array): void => {
        call.marks?.push({ name: "received", at: now() });
        let request: Request | undefined;
        let decodedBytes = 0;
        const run = engine.run({
          id: exchange.id,
          decode() {
            call.marks?.push({ name: "decode", at: now() });
            const most = body.length > smallBytes ? growth * body.length : 0;
            if (most > 0 && !ticket.take(most)) return problems.bodiesTooMany();
            decodedBytes = most;
            const decoded = decodedBy(call, () => decode(body, model.signature, exchange));
            if (isProblem(decoded)) return decoded;
            const misfit = checkSizes(model.signature, decoded.inputs);
            if (misfit !== undefined) return misfit;
            request = decoded;
            call.marks?.push({ name: "run", at: now() });
            return { inputs: decoded.inputs, outputs: decoded.outputs ?? model.outputNames };
          },
          isAbandoned: () => exchange.isGone,
        });
        const encodeOutputs = (outputs: readonly Tensor[]): EncodedAnswer | Problem => {
          if (request === undefined) return problems.internal();
          const bytes = tensorBytes(outputs);
          if (!ticket.take(bytes)) return problems.answerTooLarge(bytes);
          return encode(model, request, outputs, ticket.take);
        };
        const release = (): void => {
          if (request !== undefined) releaseInputs(request.inputs, body);
          ticket.giveBack(decodedBytes);
        };
        void settle(call, run, release, encodeOutputs, coding);
      };
      call.whole = whole;
      const plan: BodyPlan = {
        limitBytes: Math.min(options.bodyLimitBytes, Math.floor(options.budget.largestBytes / (1 + growth))),
        take: ticket.take,
        bytesBefore: bytesBeforeBody(headerLength),
      };
      return plan;
    };
}

/** Small answers go as they are, at once and on this thread, unless their client takes no others. */
async function inCoding(
  { exchange, ticket }: Call,
  encoded: EncodedAnswer,
  { coding, isDemanded }: Exclude<AnswerCoding, "identity" | undefined>,
): Promise<EncodedAnswer | Problem> {
  if (!isDemanded && !isWorthCompressing(encoded.parts)) return encoded;
  const parts = await compressAnswer(encoded.parts, {
    coding,
    take: ticket.take,
    isGone: () => exchange.isGone,
  });
  if (isProblem(parts)) return parts;
  return { headers: { ...encoded.headers, "content-encoding": coding, vary: "accept-encoding" }, parts };
}

/** Of the Open Inference Protocol: a header says where its JSON ends, when tensors follow it. */
export function decodeInfer(body: Uint8Array, signature: Signature, exchange: Exchange): V2Request | Problem {
  const headerLength = readHeaderLength(exchange.header(headerLengthName), body.length);
  return isProblem(headerLength) ? headerLength : decodeV2(body, signature, headerLength);
}
