import { codecs, elementCount, type Signature, type Tensor } from "../tensor.ts";
import type { Engine, RunOutcome } from "./run.ts";

export interface WarmUp {
  /** Shapes that ran, by input; the smallest ones when none did. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Why no shape ran; the model may well run on real inputs. */
  readonly refusal: string | undefined;
  /** Of the shortest run; undefined when none did. */
  readonly runSeconds: number | undefined;
}

/**
 * Sizes tried for free dimensions other than the first: 1 suits most models, the others those whose picture may not
 * shrink to nothing.
 */
const freeSizes = [1, 32, 224];

/** A first run touches memory and makes buffers; and whatever else the machine does makes a run longer, never shorter. */
const runs = 4;
/** So long a run is told from a short one without another, which would only delay the start; and later with a third one. */
const longRunSeconds = 1;
const middlingRunSeconds = 0.1;

/**
 * Runs the model on zeros: pages are touched, kernels have allocated, so the first real request is as fast as the next.
 * Made-up inputs prove nothing about the model, so a refusal is only reported.
 */
export async function warmUp(engine: Engine, given: Signature): Promise<WarmUp> {
  const signature = withoutOptional(given);
  let refusal: string | undefined;
  for (const freeSize of freeSizes) {
    const shapes = shapesWith(signature, freeSize);
    let outcome = await runOnZeros(engine, signature, shapes);
    let runSeconds = Infinity;
    for (let run = 1; outcome.kind === "done"; run++) {
      runSeconds = Math.min(runSeconds, outcome.runSeconds);
      const enough = run === 1 ? longRunSeconds : middlingRunSeconds;
      if (run === runs || runSeconds >= enough) return { shapes, refusal: undefined, runSeconds };
      outcome = await runOnZeros(engine, signature, shapes);
    }
    refusal ??= outcome.kind === "refused" ? outcome.message : `the run ended as ${outcome.kind}`;
    if (outcome.kind !== "refused") break;
  }
  return { shapes: shapesWith(signature, 1), refusal, runSeconds: undefined };
}

/** Of a model that is not warmed up, because of `refusal`. */
export function noWarmUp(signature: Signature, refusal: string): WarmUp {
  return { shapes: shapesWith(withoutOptional(signature), 1), refusal, runSeconds: undefined };
}

/** Shapes of inputs that a model may run with, the likeliest first. */
export function triedShapes(given: Signature): readonly ReadonlyMap<string, readonly number[]>[] {
  return freeSizes.map((size) => shapesWith(withoutOptional(given), size));
}

/** What may be left out is. */
export function withoutOptional({ inputs, outputs }: Signature): Signature {
  return { inputs: inputs.filter(({ isOptional }) => isOptional !== true), outputs };
}

function runOnZeros(
  engine: Engine,
  signature: Signature,
  shapes: ReadonlyMap<string, readonly number[]>,
): Promise<RunOutcome> {
  const outputs = signature.outputs.map(({ name }) => name);
  return engine.run({
    id: "warm-up",
    decode: () => ({ inputs: zeros(signature, shapes), outputs }),
    isAbandoned: never,
  });
}

/** Dimensions of one name get one size, wherever they stand: they have to agree. */
function shapesWith(signature: Signature, freeSize: number): ReadonlyMap<string, readonly number[]> {
  const sizes = new Map<string, number>();
  const sizeOf = (name: string, index: number): number => {
    const usual = index === 0 ? 1 : freeSize;
    if (name === "") return usual;
    const size = sizes.get(name) ?? usual;
    sizes.set(name, size);
    return size;
  };
  return new Map(
    signature.inputs.map(({ name, shape, dimensionNames }) => [
      name,
      shape.map((size, index) => (size === -1 ? sizeOf(dimensionNames?.[index] ?? "", index) : size)),
    ]),
  );
}

function zeros(signature: Signature, shapes: ReadonlyMap<string, readonly number[]>): Tensor[] {
  return signature.inputs.map(({ name, datatype }) => {
    const shape = shapes.get(name) ?? [];
    return { name, datatype, shape, data: codecs[datatype].allocate(elementCount(shape) ?? 0) };
  });
}

function never(): boolean {
  return false;
}
