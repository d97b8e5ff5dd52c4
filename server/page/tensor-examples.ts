import type { ServedModel } from "../state.ts";
import { codecs, elementCount, type TensorSpec } from "../tensor.ts";
import { type Example, shellQuote } from "./curl.ts";

interface Input {
  readonly spec: TensorSpec;
  readonly shape: readonly number[];
  /** Of its zeros in binary form. */
  readonly bytes: number;
}

/** Strings are empty, and have their length before them: zeros as well. */
const lengthBytes = 4;

/** The Open Inference Protocol with its data in binary form: zeros, which the shell makes of any size. */
export function binaryExample(model: ServedModel, base: string): Example {
  const inputs = inputsOf(model);
  const heads = inputs.map(
    ({ spec, shape, bytes }) => `${headOf(spec, shape)},"parameters":{"binary_data_size":${bytes}}}`,
  );
  const header = `{"inputs":[${heads.join(",")}]}`;
  const total = inputs.reduce((sum, { bytes }) => sum + bytes, 0);
  const url = `${base}/v2/models/${encodeURIComponent(model.name)}/infer`;
  const curl = `curl -sS -H 'content-type: application/octet-stream' -H 'inference-header-content-length: ${Buffer.byteLength(header)}' --data-binary @-`;
  return {
    title: "V2, binary tensors",
    command: `{ printf %s ${shellQuote(header)}; head -c ${total} /dev/zero; } | ${curl} ${shellQuote(url)}`,
  };
}

/** A call of gRPC by grpcurl, which asks the server for the messages (reflection). `host`: with its port. */
export function grpcExample(model: ServedModel, host: string): Example {
  const inputs = inputsOf(model);
  const heads = inputs.map(({ spec, shape }) => `${headOf(spec, shape)}}`);
  const head = `{"model_name":${JSON.stringify(model.name)},"inputs":[${heads.join(",")}],"raw_input_contents":[`;
  const parts = inputs.map(({ bytes }, index) => {
    const open = shellQuote(`${index === 0 ? head : ","}"`);
    return `printf %s ${open}; head -c ${bytes} /dev/zero | base64 | tr -d '\\n'; printf '"'`;
  });
  const body = parts.length === 0 ? `printf %s ${shellQuote(head)}` : parts.join("; ");
  return {
    title: "gRPC",
    command: `{ ${body}; printf ']}'; } |\n  grpcurl -plaintext -d @ ${shellQuote(host)} inference.GRPCInferenceService/ModelInfer`,
  };
}

const numpyTypes: Readonly<Record<string, string>> = {
  FP16: "float16",
  FP32: "float32",
  FP64: "float64",
  BOOL: "bool",
};

/** Triton's client for Python, which sends binary tensors. `host`: with its port. */
export function pythonExample(model: ServedModel, host: string): Example {
  const lines = inputsOf(model).flatMap(({ spec, shape }, index) => {
    const { name, datatype } = spec;
    const sizes = `[${shape.join(", ")}]`;
    const numpy = numpyTypes[datatype] ?? datatype.toLowerCase();
    const zeros = datatype === "BYTES" ? `np.full(${sizes}, "", object)` : `np.zeros(${sizes}, "${numpy}")`;
    return [
      `inputs.append(client.InferInput(${JSON.stringify(name)}, ${sizes}, "${datatype}"))`,
      `inputs[${index}].set_data_from_numpy(${zeros})`,
    ];
  });
  const command = [
    "# pip install numpy tritonclient[http]",
    "import numpy as np",
    "import tritonclient.http as client",
    "",
    "inputs = []",
    ...lines,
    `answer = client.InferenceServerClient(${JSON.stringify(host)}).infer(${JSON.stringify(model.name)}, inputs)`,
    "for output in answer.get_response()['outputs']:",
    "    print(output['name'], answer.as_numpy(output['name']))",
  ];
  return { title: "Python", command: command.join("\n") };
}

function inputsOf({ signature, sampleShapes }: ServedModel): readonly Input[] {
  const required = signature.inputs.filter(({ isOptional }) => isOptional !== true);
  return required.map((spec) => {
    const shape = sampleShapes.get(spec.name) ?? [];
    const size = spec.datatype === "BYTES" ? lengthBytes : codecs[spec.datatype].elementBytes;
    return { spec, shape, bytes: (elementCount(shape) ?? 0) * size };
  });
}

function headOf({ name, datatype }: TensorSpec, shape: readonly number[]): string {
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(",")}]`;
}
