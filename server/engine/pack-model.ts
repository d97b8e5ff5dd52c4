import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { areSameBits } from "./are-same-bits.ts";
import { madeUpInputs } from "./made-up-inputs.ts";
import { openSession, openSessionAndSave, type Session, type SessionSettings } from "./session/session.ts";
import { triedShapes, withoutOptional } from "./warm-up.ts";

export interface PackOptions extends SessionSettings {
  /** Of the packed model, with its weights beside it: in a folder of its own, which is gone when all is not well. */
  readonly packedPath: string;
}

export type Packed = { readonly ok: true } | { readonly ok: false; readonly message: string };

const weightsFile = "weights";

/**
 * Writes a model as ONNX Runtime runs it on this processor: optimised, and its weights packed as the kernels want them
 * (`session.save_external_prepacked_constant_initializers`, ONNX Runtime PR 22256). A session of it maps the weights: it
 * is there in a moment, and all sessions on the machine have one copy together. Tied to the processor and to ONNX Runtime's
 * version, so it is made where it is used. What the packed model answers is compared, bit for bit, with what the model does.
 */
export function packModel(options: PackOptions, variables: Readonly<Record<string, string | undefined>>): Packed {
  const folder = dirname(options.packedPath);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const packed = writeAndCompare(options, variables);
  if (!packed.ok) rmSync(folder, { recursive: true, force: true });
  return packed;
}

function writeAndCompare(
  { packedPath, ...settings }: PackOptions,
  variables: Readonly<Record<string, string | undefined>>,
): Packed {
  const original = openSessionAndSave(settings, { modelPath: packedPath, weightsFile });
  if (!original.ok) return original;
  if (!liesAligned(readFileSync(packedPath)))
    return { ok: false, message: "its packed weights lie where kernels cannot read them" };
  const packed = openSession({ ...settings, packedPath }, variables);
  if (!packed.ok) return packed;
  const difference = compare(original, packed);
  return difference === undefined ? { ok: true } : { ok: false, message: difference };
}

/** What vector instructions want to read from, at the most: AVX-512. */
const alignmentBytes = 64;

/** Packed weights are told as `kernel+hash|offset;length;flag` in the graph, for each of their parts. */
function liesAligned(graph: Buffer): boolean {
  const places = graph.toString("latin1").matchAll(/\+\d+\|(\d+);\d+;/g);
  return [...places].every(([, offset]) => Number(offset) % alignmentBytes === 0);
}

/** Made-up requests: values that differ, so that what stands at a wrong place shows. */
const compared = [1, 2];

function compare(original: Session, packed: Session): string | undefined {
  const signature = withoutOptional(original.signature);
  for (const shapes of triedShapes(original.signature)) {
    const requests = compared.map((number) => madeUpInputs(signature, shapes, number));
    const outcomes = requests.map(({ inputs, outputs }) => original.run(inputs, outputs));
    if (outcomes.some(({ kind }) => kind === "refused")) continue;
    const isSame = outcomes.every((outcome, index) => {
      const { inputs = [], outputs = [] } = requests[index] ?? {};
      const other = packed.run(inputs, outputs);
      return outcome.kind === "done" && other.kind === "done" && areSameBits(outcome.outputs, other.outputs);
    });
    return isSame ? undefined : "the packed model answers made-up requests otherwise";
  }
  return "the model takes no made-up requests, so nobody can tell whether the packed one is the same";
}
