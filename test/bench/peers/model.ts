import { randomNumbers } from "./wire/random-numbers.ts";

/** An input of a model with the numbers that every request sends. */
export interface Input {
  readonly name: string;
  readonly datatype: "FP32" | "INT64";
  /** Of the batch of one that is sent. */
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export interface Model {
  /** As `--models` names it, and the name of its folder. */
  readonly name: string;
  readonly about: string;
  readonly inputs: readonly Input[];
  /** One input with a free first dimension: what a peer's batching can put together. */
  readonly batches: boolean;
}

/** The models of the cells. */
export function benchModels(): readonly Model[] {
  return [
    { name: "iris", about: "MLP 4-16-3", inputs: [floats("x", [1, 4], 0, 8)], batches: true },
    { name: "silero", about: "silero VAD v5", inputs: sileroInputs(), batches: false },
    { name: "ocr", about: "text-direction classifier", inputs: [floats("x", [1, 3, 48, 192], -1, 1)], batches: true },
    { name: "conv224", about: "7 convolutions", inputs: [floats("x", [1, 3, 224, 224], 0, 1)], batches: true },
    { name: "mlp", about: "MLP 1024-4096-4096-1000", inputs: [floats("x", [1, 1024], -1, 1)], batches: true },
  ];
}

/** 553 MB of weights: what it takes to load them. */
export function largeModel(): Model {
  return { name: "large", about: "MLP of 553 MB", inputs: [floats("x", [1, 1024], -1, 1)], batches: true };
}

/** Answers four numbers to a body of any size. */
export function meanModel(rows: number): Model {
  return { name: "mean", about: `mean of ${rows} rows`, inputs: [floats("x", [rows, 4], 0, 1)], batches: false };
}

function sileroInputs(): readonly Input[] {
  return [
    floats("input", [1, 512], -0.3, 0.3),
    { name: "state", datatype: "FP32", shape: [2, 1, 128], data: new Float32Array(256) },
    { name: "sr", datatype: "INT64", shape: [], data: BigInt64Array.of(16_000n) },
  ];
}

function floats(name: string, shape: readonly number[], low: number, high: number): Input {
  const count = shape.reduce((product, size) => product * size, 1);
  return { name, datatype: "FP32", shape, data: randomNumbers(count, low, high) };
}
