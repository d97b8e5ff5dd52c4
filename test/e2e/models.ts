import type { Spec } from "../../operator/api/model.ts";
import { onnxModel } from "../fixtures/onnx.ts";
import type { Bench } from "./bench.ts";

/** `y = x`, of four numbers: the first version of most tests. */
export const same = elementwise("Identity");
/** `y = -x`: the second version, told from the first by every answer. */
export const negated = elementwise("Neg");

/** `y` is what the operator makes of `x`. */
export function elementwise(operator: string): Uint8Array {
  const dims = ["batch", 4];
  return onnxModel({
    nodes: [{ operator, inputs: ["x"], outputs: ["y"] }],
    inputs: [{ name: "x", elementType: "float32", dims }],
    outputs: [{ name: "y", elementType: "float32", dims }],
  });
}

/** A request of the Open Inference Protocol that both answer. */
export const question = { inputs: [{ name: "x", datatype: "FP32", shape: [1, 4], data: [1, -2, 3.5, 0.25] }] };

/** `v1` is {@link same}, `v2` is {@link negated}; pushed anew, so that a test may have spoilt the tags before. */
export async function pushVersions(bench: Bench, repository: string): Promise<Spec["versions"]> {
  return [
    { name: "v1", uri: await bench.push(repository, "1", same) },
    { name: "v2", uri: await bench.push(repository, "2", negated) },
  ];
}

export function model(name: string, versions: Spec["versions"], spec: object = {}): object {
  return {
    apiVersion: "slipway.dev/v1alpha1",
    kind: "ModelDeployment",
    metadata: { name },
    spec: {
      version: "v1",
      versions,
      resources: { limits: { cpu: "1", memory: "512Mi" }, requests: { cpu: "10m", memory: "64Mi" } },
      ...spec,
    },
  };
}
