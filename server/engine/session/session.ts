import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import type { InferenceSession, OnnxValue, Tensor as OrtTensor } from "onnxruntime-node";
import { environment, type Provider } from "../../contract.ts";
import type { Tensor } from "../../tensor.ts";
import { describeModel, type NativeMetadata } from "./describe-model.ts";
import { cleanMessage, explainLoadFailure, isOutOfMemory } from "./explain.ts";
import { type FileState, tellChange } from "./file-state.ts";
import { firstThatWorks } from "./first-provider.ts";
import { adaptRun } from "../graph/adapt-session.ts";
import { readServingGraph, type ServingGraph } from "../graph/serving-graph.ts";
import { linkerComplaint } from "./load-library.ts";
import { fromOrt, type Runtime, toOrt } from "./ort-tensor.ts";
import { explainProviderRefusal, type ProviderLibraries } from "./provider-refusal.ts";
import type { EngineFailure, LoadedModel, RunOutcome } from "../run.ts";

/**
 * One session of ONNX Runtime. Every call blocks the thread that makes it, as those of onnxruntime-node do as well,
 * behind a promise that costs a turn of the event loop; here nothing pretends otherwise.
 */
export interface Session extends LoadedModel {
  readonly run: SessionRun;
  /** Gives its memory back; nothing is run any more. */
  readonly close: () => void;
}

export type SessionRun = (inputs: readonly Tensor[], outputs: readonly string[]) => SessionOutcome;

export type SessionOutcome =
  | { readonly kind: "done"; readonly outputs: readonly Tensor[] }
  | Extract<RunOutcome, { readonly kind: "refused" }>;

export interface SessionSettings {
  readonly modelPath: string;
  /** The file stays as it is: weights may be read from it as they are needed. */
  readonly isFileStable?: boolean | undefined;
  /** As its files were when the server began, whatever they are now; undefined: nobody changes them. */
  readonly seenFiles?: readonly FileState[] | undefined;
  /** The same model as `packModel` has written it; undefined: it has not. */
  readonly packedPath?: string | undefined;
  /** Threads that one run uses. */
  readonly intraOpThreads: number;
  /** What runs the model: the first that works. */
  readonly providers: readonly Provider[];
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
  const opened = createSession(settings, undefined);
  const change = tellChange(settings.seenFiles ?? []);
  if (change === undefined) return opened;
  if (opened.ok) opened.close();
  return { ok: false, reason: "LoadFailed", message: change };
}

/** Where a model is written as it is run. */
export interface SaveTo {
  readonly modelPath: string;
  /** Beside it, with the weights. */
  readonly weightsFile: string;
}

/** As {@link openSession} does; and writes the model. */
export function openSessionAndSave(
  settings: SessionSettings,
  saveTo: SaveTo,
): Session | ({ readonly ok: false } & EngineFailure) {
  return createSession(settings, saveTo);
}

function createSession(
  settings: SessionSettings,
  saveTo: SaveTo | undefined,
): Session | ({ readonly ok: false } & EngineFailure) {
  const { binding, runtime, libraries } = loadRuntime();
  const graph = readServingGraph(settings.modelPath, settings.isFileStable === true);
  const opened = firstThatWorks(settings.providers, (provider) => {
    const native = new binding.InferenceSession();
    try {
      loadGraph(native, settings, provider, graph, saveTo);
      return { ok: true, native };
    } catch (error) {
      const raw = messageOf(error);
      return { ok: false, ...(explainProviderRefusal(provider, raw, libraries) ?? explainLoadFailure(raw)) };
    }
  });
  if (!opened.ok) return opened;
  const { native, provider, refusedProviders } = opened;
  const described = describeModel(native, graph);
  if (!("signature" in described)) return { ok: false, ...described };
  return {
    ok: true,
    ...described,
    provider,
    refusedProviders,
    run: adaptRun(runOf(native, runtime), graph),
    close: () => native.dispose(),
  };
}

/**
 * Weights of this size are written at the beginning of a page, smaller ones anywhere (ONNX Runtime 1.30): kernels that read
 * those from where they lie would end the process. So the smaller ones stay in the model's file, from which they are copied.
 */
const leastSharedBytes = 1024 * 1024;

function loadGraph(
  native: NativeSession,
  { modelPath, packedPath, intraOpThreads }: SessionSettings,
  provider: Provider,
  { bytes }: ServingGraph,
  saveTo: SaveTo | undefined,
): void {
  if (packedPath !== undefined) {
    // It was optimised for this processor when it was written.
    native.loadModel(packedPath, { ...sessionOptions(intraOpThreads, provider), graphOptimizationLevel: "disabled" });
    return;
  }
  const placed = saveTo === undefined ? {} : { optimizedModelFilePath: saveTo.modelPath };
  const saving = saveTo === undefined ? {} : savingWeights(saveTo.weightsFile);
  if (bytes === undefined) {
    native.loadModel(modelPath, { ...sessionOptions(intraOpThreads, provider, saving), ...placed });
    return;
  }
  // Bytes lie nowhere: it has to be said where the weights do that they name.
  const folder = { model_external_initializers_file_folder_path: dirname(modelPath) };
  const options = { ...sessionOptions(intraOpThreads, provider, { ...folder, ...saving }), ...placed };
  native.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, options);
}

function savingWeights(file: string): Readonly<Record<string, string>> {
  return {
    optimized_model_external_initializers_file_name: file,
    optimized_model_external_initializers_min_size_in_bytes: String(leastSharedBytes),
    save_external_prepacked_constant_initializers: "1",
  };
}

/**
 * Everything but what shapes results: those stay ONNX Runtime's defaults. One thread a session is the default, as the
 * pool has one session for each core, and more would only fight for the same cores.
 */
export function sessionOptions(
  intraOpNumThreads: number,
  provider: Provider,
  more: Readonly<Record<string, string>> = {},
): InferenceSession.SessionOptions {
  return {
    executionProviders: [...registered[provider]],
    intraOpNumThreads,
    interOpNumThreads: 1,
    // With a pattern, a shape that comes again takes all its memory as one piece, beside the pieces that the first run of it
    // left in the arena, which never gives any back: twice as much for good, for 0 to 3 % of a run's time.
    enableMemPattern: false,
    extra: { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" }, ...more } },
    // Fatal only: a user's wrong input would otherwise print paths and positions to standard error.
    logSeverityLevel: 4,
  };
}

/** TensorRT takes parts of a graph only; what it leaves is to stay on the GPU. What CUDA leaves, ONNX Runtime runs on the CPU. */
const registered: Readonly<Record<Provider, readonly Provider[]>> = {
  cpu: ["cpu"],
  cuda: ["cuda"],
  tensorrt: ["tensorrt", "cuda"],
};

/** `onnxruntime-node/dist/binding.js` of 1.30, which has no types of its own; test/integration/server/binding.test.ts pins it. */
interface Binding {
  readonly InferenceSession: new () => NativeSession;
}

interface NativeSession extends NativeMetadata {
  loadModel(path: string, options: InferenceSession.SessionOptions): void;
  /** Of bytes. */
  loadModel(buffer: ArrayBuffer, offset: number, length: number, options: InferenceSession.SessionOptions): void;
  /** `fetches`: the outputs wanted, by name. */
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches: Readonly<Record<string, null>>,
    options: object,
  ): Readonly<Record<string, OnnxValue>>;
  dispose(): void;
}

function loadRuntime(): {
  readonly binding: Binding;
  readonly runtime: Runtime;
  readonly libraries: ProviderLibraries;
} {
  const require = createRequire(import.meta.url);
  const runtime = withoutFloat16Array(() => {
    const loaded = require("onnxruntime-node") as Runtime;
    // The first tensor is what makes it look.
    void new loaded.Tensor("float32", [0], [1]);
    // What it says of a provider's libraries is more lines of their paths, and no answer to "what now?".
    loaded.env.logLevel = "fatal";
    return loaded;
  });
  const { binding, initOrt } = require("onnxruntime-node/dist/binding.js") as {
    readonly binding: Binding;
    readonly initOrt: () => void;
  };
  initOrt();
  // Beside ONNX Runtime's own library, where it looks for those of its providers.
  const folder = join(dirname(require.resolve("onnxruntime-node/package.json")), "bin", "napi-v6", platform(), arch());
  const libraries: ProviderLibraries = {
    has: (file) => existsSync(join(folder, file)),
    complaint: (library) => linkerComplaint(existsSync(join(folder, library)) ? join(folder, library) : library),
  };
  return { binding, runtime, libraries };
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

function runOf(native: NativeSession, runtime: Runtime): SessionRun {
  // Most requests ask for all outputs, or for the same ones as the last: their list need not be made each time.
  let lastNames: readonly string[] = [];
  let lastFetches: Readonly<Record<string, null>> = {};
  return (inputs, outputs) => {
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
  };
}

const noOptions = {};

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
