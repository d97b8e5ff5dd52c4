import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import * as onnxruntime from "onnxruntime-node";
import { type CaseTensor, datatypeOf, numberTypes, valuesOf } from "./case-tensor.ts";
import { differenceOf } from "./difference.ts";
import type { OnnxCase } from "./onnx-cases.ts";
import { readTensorFile } from "./tensor-file.ts";

/** What onnxruntime-node makes of a case by its public interface alone. */
export type Alone =
  | { readonly kind: "passed"; readonly inputs: readonly CaseTensor[]; readonly outputs: readonly CaseTensor[] }
  | { readonly kind: "failed"; readonly why: Why };

/** In the order in which they are told. */
export const reasons = [
  "an operator of this opset or for these types",
  "inputs that are sequences or optional",
  "outputs that are sequences or optional",
  "bfloat16, which onnxruntime-node lacks",
  "recurrent layers with the batch first (`layout` 1)",
  "other loading",
  "other runs",
  "random values",
  "the result that ONNX expects",
] as const;

export type Why = (typeof reasons)[number];

export async function runAlone({ modelPath, inputs, outputs }: OnnxCase): Promise<Alone> {
  let session: InferenceSession;
  try {
    session = await onnxruntime.InferenceSession.create(modelPath, { logSeverityLevel: 4 });
  } catch (error) {
    return refused(error, "other loading");
  }
  try {
    return await runSession(session, inputs, outputs);
  } finally {
    await session.release();
  }
}

async function runSession(
  session: InferenceSession,
  inputs: readonly Uint8Array[],
  expected: readonly Uint8Array[],
): Promise<Alone> {
  if (!session.inputMetadata.every(({ isTensor }) => isTensor)) return failed("inputs that are sequences or optional");
  if (!session.outputMetadata.every(({ isTensor }) => isTensor))
    return failed("outputs that are sequences or optional");
  const feeds = inputs.map((file, index): CaseTensor => {
    const tensor = readTensorFile(file);
    const name = session.inputNames[index];
    if (tensor === undefined || name === undefined) throw new Error(`input ${index} cannot be read`);
    return { ...tensor, name };
  });
  const run = async (): Promise<readonly CaseTensor[]> => {
    const results = await session.run(Object.fromEntries(feeds.map((feed) => [feed.name, toOrt(feed)])));
    return session.outputNames.map((name) => fromOrt(name, results[name] as OrtTensor));
  };
  let outputs: readonly CaseTensor[];
  try {
    outputs = await run();
  } catch (error) {
    return refused(error, "other runs");
  }
  const isExpected = outputs.every((output, index) => {
    const file = expected[index];
    const wanted = file === undefined ? undefined : readTensorFile(file);
    return wanted !== undefined && isClose(output, wanted);
  });
  if (isExpected) return { kind: "passed", inputs: feeds, outputs };
  const isSteady = differenceOf(outputs, await run(), false) === undefined;
  return failed(isSteady ? "the result that ONNX expects" : "random values");
}

function failed(why: Why): Alone {
  return { kind: "failed", why };
}

function refused(error: unknown, otherwise: Why): Alone {
  const message = error instanceof Error ? error.message : String(error);
  return failed(messages.find(([pattern]) => pattern.test(message))?.[1] ?? otherwise);
}

const messages: readonly (readonly [RegExp, Why])[] = [
  [/Could not find an implementation|is not a registered function/, "an operator of this opset or for these types"],
  [/Unsupported data type: 16/, "bfloat16, which onnxruntime-node lacks"],
  [/[Bb]atchwise (recurrent )?operations/, "recurrent layers with the batch first (`layout` 1)"],
];

function toOrt({ datatype, data, dims }: CaseTensor): OrtTensor {
  return datatype === "BYTES"
    ? new onnxruntime.Tensor("string", data as string[], dims)
    : new onnxruntime.Tensor(numberTypes[datatype].ort as "float32", data as Float32Array, dims);
}

function fromOrt(name: string, { type, data, dims }: OrtTensor): CaseTensor {
  const datatype = datatypeOf(type);
  if (datatype === undefined) throw new Error(`output ${name} has the type ${type}`);
  return { name, datatype, dims, data: data as CaseTensor["data"] };
}

/** As ONNX's own runner compares: its default tolerances, 1e-3 of the value and 1e-7. */
function isClose(output: CaseTensor, expected: CaseTensor): boolean {
  if (output.datatype !== expected.datatype || output.dims.join() !== expected.dims.join()) return false;
  const [values, wanted] = [valuesOf(output), valuesOf(expected)];
  return values.every((value, index) => {
    const other = wanted[index];
    if (typeof value !== "number" || typeof other !== "number") return value === other;
    if (Object.is(value, other) || value === other) return true;
    return Math.abs(value - other) <= 1e-7 + 1e-3 * Math.abs(other);
  });
}
