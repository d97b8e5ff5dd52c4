import { createRequire } from "node:module";
import type { InferenceSession, OnnxValue, Tensor as OrtTensor } from "onnxruntime-node";
import { environment } from "../contract.ts";
import type { Tensor, TensorSpec } from "../tensor.ts";
import { cleanMessage, explainLoadFailure, isOutOfMemory } from "./explain.ts";
import { datatypeOf, fromOrt, type Runtime, toOrt } from "./ort-tensor.ts";
import type { EngineFailure, LoadedModel, RunOutcome } from "./run.ts";

/**
 * One session of ONNX Runtime. Every call blocks the thread that makes it, as those of onnxruntime-node do as well,
 * behind a promise that costs a turn of the event loop; here nothing pretends otherwise.
 */
export interface Session extends LoadedModel {
  readonly run: (inputs: readonly Tensor[], outputs: readonly string[]) => SessionOutcome;
}

export type SessionOutcome =
  | { readonly kind: "done"; readonly outputs: readonly Tensor[] }
  | Extract<RunOutcome, { readonly kind: "refused" }>;

export interface SessionSettings {
  readonly modelPath: string;
  /** Threads that one run uses. */
  readonly intraOpThreads: number;
}

/** Loads a model; blocks until it is there. */
export function openSession(
  settings: SessionSettings,
  variables: Readonly<Record<string, string | undefined>>,
): Session | ({ readonly ok: false } & EngineFailure) {
  if (variables[environment.onnxRuntimeTelemetry] !== "1") {
    const message = `${environment.onnxRuntimeTelemetry} is not 1, so ONNX Runtime would send telemetry: refusing to load it`;
    return { ok: false, reason: "InvalidConfiguration", message };
  }
  const { binding, runtime } = loadRuntime();
  const native = new binding.InferenceSession();
  try {
    native.loadModel(settings.modelPath, sessionOptions(settings.intraOpThreads));
  } catch (error) {
    return { ok: false, ...explainLoadFailure(messageOf(error)) };
  }
  const described = describe(native);
  return "signature" in described ? sessionOf(native, runtime, described) : { ok: false, ...described };
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

/** `onnxruntime-node/dist/binding.js` of 1.30, which has no types of its own; test/integration/server/binding.test.ts pins it. */
interface Binding {
  readonly InferenceSession: new () => NativeSession;
}

interface NativeSession {
  loadModel(path: string, options: InferenceSession.SessionOptions): void;
  readonly inputMetadata: readonly NativeValue[];
  readonly outputMetadata: readonly NativeValue[];
  /** `fetches`: the outputs wanted, by name. */
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches: Readonly<Record<string, null>>,
    options: object,
  ): Readonly<Record<string, OnnxValue>>;
}

interface NativeValue {
  readonly name: string;
  readonly isTensor: boolean;
  /** ONNX's TensorProto.DataType. */
  readonly type?: number;
  /** -1: any size. */
  readonly shape?: readonly number[];
  readonly symbolicDimensions?: readonly string[];
}

function loadRuntime(): { readonly binding: Binding; readonly runtime: Runtime } {
  const require = createRequire(import.meta.url);
  const runtime = withoutFloat16Array(() => {
    const loaded = require("onnxruntime-node") as Runtime;
    // The first tensor is what makes it look.
    void new loaded.Tensor("float32", [0], [1]);
    return loaded;
  });
  const { binding, initOrt } = require("onnxruntime-node/dist/binding.js") as {
    readonly binding: Binding;
    readonly initOrt: () => void;
  };
  initOrt();
  return { binding, runtime };
}

/**
 * The binding knows half floats as Uint16Array only, but its JavaScript part insists on Float16Array where it finds one,
 * so that no half float tensor could be made (onnxruntime-node 1.30 on Node 24). It looks once.
 */
function withoutFloat16Array<T>(load: () => T): T {
  const hidden = Reflect.getOwnPropertyDescriptor(globalThis, "Float16Array");
  Reflect.deleteProperty(globalThis, "Float16Array");
  try {
    return load();
  } finally {
    if (hidden !== undefined) Reflect.defineProperty(globalThis, "Float16Array", hidden);
  }
}

type Described = Omit<LoadedModel, "ok">;

/** Inputs and outputs in our terms. Outputs that are no tensors of a type that can be sent are left out. */
function describe(native: NativeSession): Described | EngineFailure {
  const inputs = native.inputMetadata.map(describeValue);
  const outputs = native.outputMetadata.map(describeValue);
  const unknown = native.inputMetadata.find((_, index) => inputs[index] === undefined);
  if (unknown !== undefined) {
    const message = `Input ${JSON.stringify(unknown.name)} of the model is no tensor of a type that can be sent${typeText(unknown)}. Export the model with tensor inputs of another type.`;
    return { reason: "LoadFailed", message };
  }
  if (outputs.every((output) => output === undefined)) {
    const message =
      "No output of the model is a tensor of a type that can be sent. Export the model with tensor outputs.";
    return { reason: "LoadFailed", message };
  }
  return {
    signature: { inputs: inputs.filter(isPresent), outputs: outputs.filter(isPresent) },
    skippedOutputs: native.outputMetadata.filter((_, index) => outputs[index] === undefined).map(({ name }) => name),
    symbols: new Map(native.inputMetadata.map(({ name, symbolicDimensions }) => [name, symbolicDimensions ?? []])),
  };
}

function describeValue({ name, isTensor, type, shape }: NativeValue): TensorSpec | undefined {
  const datatype = isTensor && type !== undefined ? datatypeOf(type) : undefined;
  return datatype === undefined ? undefined : { name, datatype, shape: shape ?? [] };
}

/** Of the types that ONNX has and no protocol does: TensorProto.DataType 14 to 24. */
const foreignTypes: Readonly<Record<number, string>> = {
  14: "complex64",
  15: "complex128",
  16: "bfloat16",
  17: "float8e4m3fn",
  18: "float8e4m3fnuz",
  19: "float8e5m2",
  20: "float8e5m2fnuz",
  21: "uint4",
  22: "int4",
  23: "float4e2m1",
  24: "float8e8m0",
};

function typeText({ isTensor, type }: NativeValue): string {
  if (!isTensor || type === undefined) return "";
  return `: ${foreignTypes[type] ?? `element type ${type}`}`;
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}

function sessionOf(native: NativeSession, runtime: Runtime, described: Described): Session {
  // Most requests ask for all outputs, or for the same ones as the last: their list need not be made each time.
  let lastNames: readonly string[] = [];
  let lastFetches: Readonly<Record<string, null>> = {};
  return {
    ok: true,
    ...described,
    run(inputs, outputs) {
      if (outputs !== lastNames) {
        lastNames = outputs;
        lastFetches = Object.fromEntries(outputs.map((name) => [name, null]));
      }
      try {
        // No prototype: an input may be called "__proto__".
        const feeds = Object.create(null) as Record<string, OrtTensor>;
        for (const input of inputs) feeds[input.name] = toOrt(runtime, input);
        const results = native.run(feeds, lastFetches, noOptions);
        return { kind: "done", outputs: outputs.map((name) => fromOrt(name, results[name])) };
      } catch (error) {
        const raw = messageOf(error);
        return { kind: "refused", message: cleanMessage(raw), isOutOfMemory: isOutOfMemory(raw) };
      }
    },
  };
}

const noOptions = {};

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
