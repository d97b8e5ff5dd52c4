import { posix } from "node:path";
import { quote } from "../configuration.ts";
import { failure } from "../failure.ts";

/**
 * Which of a model's files is the graph: `model.onnx` at the top, or else the only file that ends in `.onnx` and is not
 * what macOS adds to an archive. Fails with
 * `NotAModel` when there is none, or more than one to choose from. `paths` are relative to the model directory.
 */
export function findModelFile(paths: Iterable<string>): string {
  const graphs = [...paths].filter((path) => path.endsWith(".onnx") && !isAppleDouble(path)).toSorted();
  if (graphs.includes("model.onnx")) return "model.onnx";
  const [only, another] = graphs;
  if (only !== undefined && another === undefined) return only;
  if (only === undefined) {
    throw failure(
      "NotAModel",
      "The artifact holds no file that ends in .onnx. Export the model to ONNX and push that file.",
    );
  }
  const shown = graphs.slice(0, 5).map(quote).join(", ");
  throw failure(
    "NotAModel",
    `The artifact holds ${graphs.length} files that end in .onnx (${shown}). Name the one to serve model.onnx, at the top.`,
  );
}

/**
 * What macOS keeps beside a file for its own use: `._NAME`, or the same below `__MACOSX/`. Such a file is never the
 * model; in an archive it counts in the digest, as every file does.
 */
function isAppleDouble(path: string): boolean {
  return path.startsWith("__MACOSX/") || posix.basename(path).startsWith("._");
}
