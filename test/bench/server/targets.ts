import { readFile } from "node:fs/promises";
import { requestBody } from "../../../demo/change.ts";
import { pictureFile } from "../../../demo/cluster.ts";
import { directionModels } from "../../../demo/models.ts";
import { identityModel } from "../../fixtures/models/arithmetic.ts";
import { onnxModel } from "../../fixtures/onnx.ts";

/** A model and the request that it is asked with, again and again. */
export interface Target {
  readonly name: "small" | "picture" | "large";
  readonly about: string;
  readonly model: Uint8Array;
  /** JSON of the Open Inference Protocol v2, with one input of floats. */
  readonly body: string;
  /** Requests a second that leave both threads of the server idle most of the time. */
  readonly moderateRate: number;
}

/** A request as far as the floor reads it. */
export interface TargetRequest {
  readonly inputs: readonly [
    { readonly name: string; readonly shape: readonly number[]; readonly data: readonly number[] },
  ];
}

export async function benchTargets(): Promise<Readonly<Record<Target["name"], Target>>> {
  return {
    small: {
      name: "small",
      about: "4 floats to Identity",
      model: identityModel(),
      body: JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, 4], data: [1, -2, 3.5, 0.25] }] }),
      moderateRate: 200,
    },
    picture: {
      name: "picture",
      about: "1x3x48x192 floats of two decimals to the text-direction classifier of the demo",
      model: directionModels().v1,
      body: requestBody(await readFile(pictureFile)),
      moderateRate: 20,
    },
    large: {
      name: "large",
      about: "1x3x224x224 floats of one decimal to GlobalAveragePool, which answers 3",
      model: averageModel(),
      body: largeBody(),
      moderateRate: 10,
    },
  };
}

const side = 224;

/** The least work that reads all of its input and gives next to nothing back: what is left is the request's own cost. */
function averageModel(): Uint8Array {
  return onnxModel({
    nodes: [{ operator: "GlobalAveragePool", inputs: ["x"], outputs: ["y"] }],
    inputs: [{ name: "x", elementType: "float32", dims: ["batch", 3, side, side] }],
    outputs: [{ name: "y", elementType: "float32", dims: ["batch", 3, 1, 1] }],
  });
}

/** 602 KB as floats, and as text as well: `0.5,` is as long as a float is. */
function largeBody(): string {
  const data = Array.from({ length: 3 * side * side }, (_, index) => ((index % 9) + 1) / 10);
  return JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, 3, side, side], data }] });
}
