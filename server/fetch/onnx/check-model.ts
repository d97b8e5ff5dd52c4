import { join, posix } from "node:path";
import { quote } from "../configuration.ts";
import { failure } from "../failure.ts";
import { findModelFile } from "../model/model-file.ts";
import type { ModelFile } from "../model/tree-digest.ts";
import { withFileBytes } from "./file-bytes.ts";
import { type ModelSummary, readModel } from "./read-model.ts";
import { signatureOf } from "./signature.ts";
import { supported } from "./supported.ts";

/**
 * Judges the model that lies in `directory` before anything loads it, and returns its signature. `files` are all files
 * there, by relative path.
 */
export function checkModel(directory: string, files: ReadonlyMap<string, ModelFile>): string {
  const path = findModelFile(files.keys());
  const model = withFileBytes(join(directory, path), readModel);
  requireSupported(model);
  requireExternalData(model, path, files);
  return signatureOf(model);
}

/** Fails with `UnsupportedOpset` when this ONNX Runtime is too old for the model, or does not know its operators. */
export function requireSupported({ irVersion, opsets, operators, functionDomains }: ModelSummary): void {
  if (irVersion > supported.irVersion) {
    throw failure(
      "UnsupportedOpset",
      `The model has IR version ${irVersion}; the highest that this server loads is ${supported.irVersion}. Export it with an older ONNX, or use a newer server image.`,
    );
  }
  const highest: Readonly<Record<string, number>> = supported.opsets;
  for (const [domain, version] of opsets) {
    const allowed = Object.hasOwn(highest, domain) ? highest[domain] : undefined;
    if (allowed !== undefined && (version > allowed || version < 1)) {
      throw failure(
        "UnsupportedOpset",
        `The model uses opset ${version} of ${domain}; this server loads 1 to ${allowed}. Export it with opset_version=${allowed} or lower, or use a newer server image.`,
      );
    }
  }
  for (const [domain, operator] of operators) {
    if (Object.hasOwn(highest, domain) || functionDomains.has(domain)) continue;
    throw failure(
      "UnsupportedOpset",
      `The model uses the operator ${quote(operator)} of the domain ${quote(domain)}, which this server does not have; it has ${Object.keys(highest).join(", ")}. Export it without custom operators.`,
    );
  }
}

/**
 * Weights in other files must lie in the model's own folder or below it, as ONNX Runtime demands, and reach as far as they are read: a
 * missing or short one would only show when the model is loaded.
 */
export function requireExternalData(
  { externalData }: ModelSummary,
  modelPath: string,
  files: ReadonlyMap<string, ModelFile>,
): void {
  for (const [location, end] of externalData) {
    const inside = posix.normalize(location);
    if (posix.isAbsolute(inside) || location.includes("\\") || inside === ".." || inside.startsWith("../")) {
      throw failure(
        "UnsafeArchive",
        `The model keeps weights in ${quote(location)}, outside its own folder. Save them beside the model.`,
      );
    }
    const path = posix.join(posix.dirname(modelPath), inside);
    const file = files.get(path);
    if (file === undefined) {
      throw failure(
        "TruncatedModel",
        `The model keeps weights in ${quote(location)}, which the artifact does not hold. Push that file with it.`,
      );
    }
    if (file.size < end) {
      throw failure(
        "TruncatedModel",
        `The model reads ${quote(location)} up to byte ${end}, but it has ${file.size}: it was cut. Push it again.`,
      );
    }
  }
}
