import type { MessagePort } from "node:worker_threads";
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { environment } from "../contract.ts";
import type { TensorSpec } from "../tensor.ts";
import { cleanMessage, explainLoadFailure, isOutOfMemory } from "./explain.ts";
import type { RunMessage, WorkerMessage, WorkerOptions } from "./messages.ts";
import { datatypeOf, fromOrt, type Runtime, toOrt } from "./ort-tensor.ts";

/**
 * One thread of the engine: loads the model, says so, and then runs one request after the other. ONNX Runtime's calls
 * block this thread although they return promises.
 */
export async function runWorker(
  port: MessagePort,
  options: WorkerOptions,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const send = (message: WorkerMessage, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  if (variables[environment.onnxRuntimeTelemetry] !== "1") {
    const message = `${environment.onnxRuntimeTelemetry} is not 1, so ONNX Runtime would send telemetry: refusing to load it`;
    send({ kind: "loadFailed", reason: "InvalidConfiguration", message });
    return;
  }
  const runtime = await loadRuntime();
  let session: InferenceSession;
  let specs: Specs;
  try {
    session = await runtime.InferenceSession.create(options.modelPath, sessionOptions(options.intraOpThreads));
    specs = describe(session);
  } catch (error) {
    send({ kind: "loadFailed", ...explainLoadFailure(error instanceof Error ? error.message : String(error)) });
    return;
  }
  if (!("signature" in specs)) {
    send({ kind: "loadFailed", reason: "LoadFailed", message: specs.message });
    return;
  }
  port.on("message", (message: RunMessage) => {
    void run(runtime, session, message).then(({ answer, transfer }) => send(answer, transfer));
  });
  send({ kind: "loaded", ...specs });
}

/**
 * Everything but what shapes results: those stay ONNX Runtime's defaults. One thread a session is the default, as the
 * pool has one session for each core, and more would only fight for the same cores.
 */
export function sessionOptions(intraOpNumThreads: number): InferenceSession.SessionOptions {
  return {
    intraOpNumThreads,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } },
    // Fatal only: a user's wrong input would otherwise print paths and positions to standard error.
    logSeverityLevel: 4,
  };
}

async function loadRuntime(): Promise<Runtime> {
  // The binding knows half floats as Uint16Array only, but its JavaScript part insists on Float16Array where there is
  // one, so that no half float tensor could be made (onnxruntime-node 1.30 on Node 24).
  Reflect.deleteProperty(globalThis, "Float16Array");
  const module = await import("onnxruntime-node");
  return module;
}

type Specs = Omit<Extract<WorkerMessage, { readonly kind: "loaded" }>, "kind"> | { readonly message: string };

/** Inputs and outputs in our terms. Outputs that are no tensors (maps of a classifier) are left out. */
function describe(session: InferenceSession): Specs {
  const inputs = session.inputMetadata.map(describeValue);
  const outputs = session.outputMetadata.map(describeValue);
  const unknown = session.inputMetadata.find((_, index) => inputs[index] === undefined);
  if (unknown !== undefined) {
    return {
      message: `Input ${JSON.stringify(unknown.name)} of the model is no tensor of a type that can be sent. Export the model with tensor inputs.`,
    };
  }
  if (outputs.every((output) => output === undefined)) {
    return {
      message: "No output of the model is a tensor of a type that can be sent. Export the model with tensor outputs.",
    };
  }
  return {
    signature: { inputs: inputs.filter(isPresent), outputs: outputs.filter(isPresent) },
    skippedOutputs: session.outputMetadata.filter((_, index) => outputs[index] === undefined).map(({ name }) => name),
  };
}

function describeValue(value: InferenceSession.ValueMetadata): TensorSpec | undefined {
  if (!value.isTensor) return undefined;
  const datatype = datatypeOf(value.type);
  if (datatype === undefined) return undefined;
  return { name: value.name, datatype, shape: value.shape.map((size) => (typeof size === "number" ? size : -1)) };
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}

async function run(
  runtime: Runtime,
  session: InferenceSession,
  { inputs, outputs }: RunMessage,
): Promise<{ readonly answer: WorkerMessage; readonly transfer: ArrayBuffer[] }> {
  const started = performance.now();
  try {
    const feeds: Record<string, OrtTensor> = {};
    for (const input of inputs) feeds[input.name] = toOrt(runtime, input);
    const results = await session.run(feeds, outputs);
    const transfer: ArrayBuffer[] = [];
    const tensors = outputs.map((name) => fromOrt(name, results[name], transfer));
    return { answer: { kind: "done", outputs: tensors, seconds: (performance.now() - started) / 1000 }, transfer };
  } catch (error) {
    const raw = error instanceof Error ? error.message : String(error);
    return { answer: { kind: "refused", message: cleanMessage(raw), isOutOfMemory: isOutOfMemory(raw) }, transfer: [] };
  }
}
