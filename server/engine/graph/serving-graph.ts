import { lstatSync } from "node:fs";
import { basename } from "node:path";
import { isFailure } from "../../fetch/failure.ts";
import { withFileBytes } from "../../fetch/onnx/file-bytes.ts";
import type { ByteSource } from "../../fetch/onnx/protobuf.ts";
import type { TensorInfo } from "../../fetch/onnx/value-info.ts";
import type { Tensor } from "../../tensor.ts";
import { takeDefaultsOut } from "./default-inputs.ts";
import { editGraph } from "./edit-graph.ts";
import { readGraphOutline } from "./graph-outline.ts";
import { defaultOpset } from "./onnx-messages.ts";
import { type SequenceParts, takeSequencesApart } from "./sequence-outputs.ts";
import { leaveWeightsInPlace } from "./weights-in-place.ts";
import { takeZipMapsOut } from "./zip-maps.ts";

/** A model as it is loaded, and what of it ONNX Runtime's binding for Node does not tell. */
export interface ServingGraph {
  /** The changed model; undefined: its file is loaded as it is. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  /** What an input holds that may be left out because ONNX says `optional`, by name. */
  readonly optionals: ReadonlyMap<string, Omit<TensorInfo, "name" | "of">>;
  /** Values of inputs that may be left out because the model has some for them. */
  readonly defaults: ReadonlyMap<string, Tensor>;
  /** What the places of an output's last dimension stand for: the classes of a ZipMap. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
  /** Outputs that are taken apart. */
  readonly sequences: ReadonlyMap<string, Sequence>;
}

export interface Sequence extends SequenceParts {
  /** Of one tensor in it; null: not said. */
  readonly dims: TensorInfo["dims"];
}

/**
 * Reads a model's graph and changes what could not be served as it is. A file that cannot be read is left as it is.
 * `isStable`: the file stays as it is, so that a large model's weights need not be copied out of it.
 */
export function readServingGraph(path: string, isStable: boolean): ServingGraph {
  // External data is not looked for behind a link.
  const fileName = lstatSync(path, { throwIfNoEntry: false })?.isFile() === true ? basename(path) : undefined;
  try {
    return withFileBytes(path, (source) => servingGraphOf(source, fileName, isStable));
  } catch (error) {
    // ONNX Runtime is about to read it, and says what is wrong.
    if (isFailure(error) || (error instanceof Error && "code" in error)) return asItIs;
    throw error;
  }
}

const asItIs: ServingGraph = {
  bytes: undefined,
  optionals: new Map(),
  defaults: new Map(),
  labels: new Map(),
  sequences: new Map(),
};

/**
 * A model of this size is told to ONNX Runtime without its weights, which it maps then where they lie: less than half the
 * processor time of reading, parsing and copying them.
 */
const mappedBytes = 8 * 1024 * 1024;
/** Imported where a model has no operators of ONNX itself: any that has Identity does. */
const usualOpset = 13;

/** `fileName`: where large weights can be read from while the model is loaded; undefined: they are copied. */
export function servingGraphOf(source: ByteSource, fileName: string | undefined, isStable = false): ServingGraph {
  const outline = readGraphOutline(source);
  if (outline === undefined) return asItIs;
  const optionals = new Map(
    outline.inputs.flatMap(({ part: { name, type, of } }) =>
      type === "OPTIONAL" && of !== undefined ? [[name, of] as const] : [],
    ),
  );
  const zipMaps = takeZipMapsOut(outline);
  const apart = takeSequencesApart(outline);
  const { edits, defaults } = takeDefaultsOut(outline);
  const changes = [...zipMaps.edits, ...apart.edits, ...edits];
  const sequences = new Map<string, Sequence>();
  for (const { part } of outline.outputs) {
    const parts = apart.sequences.get(part.name);
    if (parts !== undefined) sequences.set(part.name, { ...parts, dims: part.of?.dims ?? null });
  }
  const told = { optionals, defaults, labels: zipMaps.labels, sequences };
  const isMapped = isStable && fileName !== undefined && source.size >= mappedBytes;
  if (changes.length === 0 && !isMapped) return { ...told, bytes: undefined };
  if (fileName !== undefined) changes.push(...leaveWeightsInPlace(outline, fileName, new Set(defaults.keys())));
  const added = [...zipMaps.added, ...apart.added];
  const imports = outline.opset === undefined ? [defaultOpset(usualOpset)] : [];
  return { ...told, bytes: editGraph(source, outline.graph, changes, added, imports) };
}
