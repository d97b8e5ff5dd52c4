import { type Problem, problems } from "../../errors.ts";
import { tensorProblems } from "../../tensor-problems.ts";
import { isRagged, type Tensor, type TensorSpec } from "../../tensor.ts";
import { binaryOf } from "./binary-tensor.ts";
import type { EncodedAnswer } from "../request.ts";
import { flatText, type Pieces, shortFlatText } from "../write/tensor-text.ts";
import { textAnswer } from "../write/text-answer.ts";
import { tensorParameters } from "./tensor-parameters.ts";
import type { BinaryOutputs, V2Request } from "./decode-v2.ts";
import type { ConfiguredModel } from "./model-config.ts";

interface ModelName {
  readonly name: string;
  readonly version: string;
}

type Asked = Pick<V2Request, "id" | "binary">;

/** The data of the first binary output begins at a multiple of this, so that a reader can use it where it lies. */
const alignment = 8;

/**
 * The answer ("Inference Response JSON Object"). `data` is flat. Outputs that were asked for in binary form follow the
 * JSON in their order; their bytes are those of the tensors, not copied. `hold`: asked before so many bytes of text are kept;
 * false: there is no room for them.
 */
export function encodeV2(model: ModelName, request: Asked, outputs: readonly Tensor[]): EncodedAnswer;
export function encodeV2(
  model: ModelName,
  request: Asked,
  outputs: readonly Tensor[],
  hold: (bytes: number) => boolean,
): EncodedAnswer | Problem;
export function encodeV2(
  model: ModelName,
  { id, binary }: Asked,
  outputs: readonly Tensor[],
  hold: (bytes: number) => boolean = () => true,
): EncodedAnswer | Problem {
  const idPart = id === undefined ? "" : `"id":${JSON.stringify(id)},`;
  const head = `{"model_name":${JSON.stringify(model.name)},"model_version":${JSON.stringify(model.version)},${idPart}"outputs":[`;
  const raw = new Map<Tensor, Uint8Array>();
  for (const tensor of outputs) if (isBinary(binary, tensor)) raw.set(tensor, binaryOf(tensor));
  if (raw.size === 0) return textAnswer(head, outputsText(outputs, raw), "]}");

  // The header tells the length of all the JSON before the first of it is sent, so none of it can wait.
  const texts: (string | Uint8Array)[] = [];
  let length = 0;
  for (const text of textAnswer(head, outputsText(outputs, raw), "]}").parts) {
    const bytes = Buffer.byteLength(text);
    length += bytes;
    if (!hold(bytes)) return problems.answerTooLarge(length);
    texts.push(text);
  }
  const padding = " ".repeat((alignment - (length % alignment)) % alignment);
  const headers = {
    "content-type": "application/octet-stream",
    "inference-header-content-length": String(length + padding.length),
  };
  return { headers, parts: [...texts, ...(padding === "" ? [] : [padding]), ...raw.values()] };
}

/** V2 has tensors only: to be asked before outputs are encoded, here and in gRPC. */
export function refuseRagged(outputs: readonly Tensor[]): Problem | undefined {
  const found = outputs.find(isRagged);
  return found && tensorProblems.raggedOutput(found.name, found.elements ?? []);
}

/**
 * Body of GET v2/models/M ("Model Metadata Response JSON Object"). `parameters` of a tensor: see {@link tensorParameters}; of the
 * model, what runs it.
 */
export function modelMetadata({ name, version, signature, provider }: Omit<ConfiguredModel, "batchRows">): object {
  return {
    name,
    versions: [version],
    platform: "onnx_onnxv1",
    inputs: signature.inputs.map(tensorMetadata),
    outputs: signature.outputs.map(tensorMetadata),
    parameters: { provider },
  };
}

function tensorMetadata(spec: TensorSpec): object {
  const { name, datatype, shape } = spec;
  const parameters = tensorParameters(spec);
  return Object.keys(parameters).length === 0 ? { name, datatype, shape } : { name, datatype, shape, parameters };
}

function isBinary({ byDefault, byName }: BinaryOutputs, { name }: Tensor): boolean {
  return byName.get(name) ?? byDefault;
}

function* outputsText(outputs: readonly Tensor[], raw: ReadonlyMap<Tensor, Uint8Array>): Pieces {
  for (const [index, tensor] of outputs.entries()) {
    const { name, datatype, shape } = tensor;
    const head = `${index === 0 ? "" : ","}{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(",")}]`;
    const bytes = raw.get(tensor);
    const short = bytes === undefined ? shortFlatText(tensor) : undefined;
    if (bytes !== undefined) {
      yield `${head},"parameters":{"binary_data_size":${bytes.length}}}`;
    } else if (short !== undefined) {
      yield `${head},"data":${short}}`;
    } else {
      yield `${head},"data":`;
      yield* flatText(tensor);
      yield "}";
    }
  }
}
