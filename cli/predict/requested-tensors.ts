import { isProblem, type Problem } from "../../server/errors.ts";
import { decodePredict } from "../../server/protocol/predict.ts";
import type { InferenceRequest } from "../../server/protocol/request.ts";
import { decodeV1 } from "../../server/protocol/v1.ts";
import { decodeV2 } from "../../server/protocol/v2/decode-v2.ts";
import type { Signature } from "../../server/tensor.ts";
import { failed } from "../complaint.ts";
import type { JsonRequest } from "./json-request.ts";
import type { JsonProtocol } from "./protocol.ts";

/** What is asked of a model, free of any protocol. */
export interface Question extends InferenceRequest {
  /** Repeated in the answer. */
  readonly id?: string | undefined;
}

/**
 * The tensors of a request that is to go by another protocol than it is written for, read as the server reads them.
 * Throws a complaint in the server's words about a request that does not fit the model.
 */
export function requestedTensors({ protocol, text, names, from }: JsonRequest, signature: Signature): Question {
  const body = Buffer.from(text, "utf8");
  const asked = askedInputs(signature, names);
  const request: Question | Problem =
    protocol === "v2" ? decodeV2(body, asked, undefined) : decodeOther(protocol, body, asked);
  if (isProblem(request)) throw failed(`${from} does not fit the model: ${request.message}`);
  const { inputs, outputs } = request;
  return { inputs, outputs, id: request.id };
}

function decodeOther(protocol: JsonProtocol, body: Buffer, signature: Signature): InferenceRequest | Problem {
  return protocol === "v1" ? decodeV1(body, signature) : decodePredict(body, signature);
}

/** Inputs that a request leaves out are the server's to miss: some may be left out. A name that is none is told. */
function askedInputs(signature: Signature, names: readonly string[] | undefined): Signature {
  const inputs = signature.inputs.filter(({ name }) => names?.includes(name) === true);
  const isKnown = names?.every((name) => inputs.some((input) => input.name === name)) === true;
  return isKnown && inputs.length > 0 ? { ...signature, inputs } : signature;
}
