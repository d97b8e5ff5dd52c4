/**
 * What onnxruntime-node 1.30 loads, found by loading models of every version with it (`supported.test.ts` does so
 * again, and fails when another release is installed that loads more or less).
 */
export const supported = {
  irVersion: 13,
  /** Highest opset of each domain that ONNX Runtime itself knows. */
  opsets: {
    "ai.onnx": 26,
    "ai.onnx.ml": 5,
    "com.microsoft": 1,
    "ai.onnx.training": 1,
    "ai.onnx.preview.training": 1,
    "com.microsoft.nchwc": 1,
  },
} as const satisfies { readonly irVersion: number; readonly opsets: Readonly<Record<string, number>> };
