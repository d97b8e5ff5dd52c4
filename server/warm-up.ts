import type { Engine } from "./engine/engine.ts";
import { codecs, elementCount, type Signature, type Tensor } from "./tensor.ts";

export interface WarmUp {
  /** Shapes that ran, by input; the smallest ones when none did. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Why no shape ran; the model may well run on real inputs. */
  readonly refusal: string | undefined;
}

/**
 * Sizes tried for free dimensions other than the first: 1 suits most models, the others those whose picture may not
 * shrink to nothing.
 */
const freeSizes = [1, 32, 224];

/**
 * Runs the model once on zeros in every worker: pages are touched, kernels have allocated, so the first real request is
 * as fast as the next. Made-up inputs prove nothing about the model, so a refusal is only reported.
 */
export async function warmUp(engine: Engine, signature: Signature, workers: number): Promise<WarmUp> {
  let refusal: string | undefined;
  for (const freeSize of freeSizes) {
    const shapes = shapesWith(signature, freeSize);
    const [first] = await runOnZeros(engine, signature, shapes, 1);
    if (first?.kind === "done") {
      await runOnZeros(engine, signature, shapes, workers);
      return { shapes, refusal: undefined };
    }
    refusal ??= first?.kind === "refused" ? first.message : `the run ended as ${first?.kind ?? "nothing"}`;
    if (first?.kind !== "refused") break;
  }
  return { shapes: shapesWith(signature, 1), refusal };
}

/** As many at once as there are idle workers, so that each gets one. */
function runOnZeros(
  engine: Engine,
  signature: Signature,
  shapes: ReadonlyMap<string, readonly number[]>,
  times: number,
): Promise<Awaited<ReturnType<Engine["run"]>>[]> {
  const outputs = signature.outputs.map(({ name }) => name);
  return Promise.all(
    Array.from({ length: times }, () => engine.run({ inputs: zeros(signature, shapes), outputs, isAbandoned: never })),
  );
}

function shapesWith(signature: Signature, freeSize: number): ReadonlyMap<string, readonly number[]> {
  return new Map(
    signature.inputs.map(({ name, shape }) => [
      name,
      shape.map((size, index) => (size !== -1 ? size : index === 0 ? 1 : freeSize)),
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
