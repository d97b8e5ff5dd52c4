import type { FailureReason } from "../../contract.ts";
import { explainMissingLocale } from "./missing-locale.ts";

/**
 * ONNX Runtime's messages carry file paths of the machine, source positions and C++ signatures. What is left here is
 * what a user of the model can act on.
 */
export function cleanMessage(message: string): string {
  return message
    .replaceAll(/Load model (?:from )?.+? failed[:.]/g, "")
    .replaceAll(/Non-zero status code returned while running /g, "")
    .replaceAll(/Status Message: /g, "")
    .replaceAll(sourcePosition, "")
    .replaceAll(gpuPosition, "")
    .replaceAll(pathOfFile, "$<before>a file of the model")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ ?Please fix either the inputs\/outputs or the model\./g, "")
    .trim()
    .slice(0, messageCharacters);
}

/** `/onnxruntime_src/….cc:123 void onnxruntime::Name(arguments) `, up to the words that follow. */
const sourcePosition = /\S+\.(?:cc|h|cpp|hpp|cu):\d+ (?:[\w:~<>,*&\s]*?\([^)]*\)(?: const)? |\w+ )?/g;
/**
 * A path of the machine. Names of nodes and values look like one, as `/model/layers.0/MatMul` does, and a reader needs them:
 * a path is what comes behind a word for one, with no other name between.
 */
const pathOfFile =
  /(?<before>\b(?:path|file|folder|directory)\b[^/\\'"]{0,60}?)["']?(?:[A-Za-z]:)?[\\/][^\s"'()[\]]*["']?/gi;
/** Behind each error of a GPU's library: ` ; GPU=0 ; hostname=… ; file=… ; line=… ; expr=…; `. */
const gpuPosition = / ; GPU=-?\d+ ; hostname=[^;]* ; file=[^;]* ; line=\d+ ; expr=[^\n]*/g;
/** ONNX Runtime repeats whole graphs in some messages. */
const messageCharacters = 1024;

/** Why a model did not load, from what ONNX Runtime said. */
export function explainLoadFailure(raw: string): { readonly reason: FailureReason; readonly message: string } {
  const message = cleanMessage(raw);
  const lacking = explainLackingOperator(message);
  if (lacking !== undefined) return { reason: "UnsupportedOpset", message: lacking };
  const locale = explainMissingLocale(raw);
  if (locale !== undefined) return { reason: "LoadFailed", message: locale };
  const reason = loadFailures.find(([pattern]) => pattern.test(raw))?.[1] ?? "LoadFailed";
  return { reason, message: `ONNX Runtime could not load the model: ${message}` };
}

const loadFailures: readonly (readonly [RegExp, FailureReason])[] = [
  [/Protobuf parsing failed|ModelProto does not have a graph/, "NotAModel"], // bytes that are no ONNX model
  [/Opset \d+ is under development|Unsupported model IR version/, "UnsupportedOpset"], // newer than this runtime
  [/External data path does not exist|External data file .* is too small|out of bounds/i, "TruncatedModel"], // weights missing
  [outOfMemory(), "OutOfMemory"],
];

/** An operator that ONNX Runtime lacks, in the ways that it says so, and what to do about each; undefined: none is. */
function explainLackingOperator(message: string): string | undefined {
  for (const [pattern, explain] of lackingOperators) {
    const groups = pattern.exec(message)?.groups;
    if (groups !== undefined) return explain(groups["operator"] ?? "", groups["where"] ?? "");
  }
  return undefined;
}

const lackingOperators: readonly (readonly [RegExp, (operator: string, where: string) => string])[] = [
  [
    /Error No Op registered for (?<operator>\S+) with domain_version of (?<where>\d+)/,
    (operator, opset) =>
      `The model uses the operator "${operator}", which ONNX Runtime does not have in opset ${opset}. Export it without that operator or with the opset that brought it, or use a newer server image.`,
  ],
  [
    /Error Op registered for (?<operator>\S+) is deprecated in domain_version of (?<where>\d+)/,
    (operator, opset) =>
      `The model uses the operator "${operator}", which opset ${opset} has no longer. Export it with the operator that took its place, or with an older opset.`,
  ],
  [
    /(?<where>[\w.-]+):(?<operator>\S+)\(-?\d+\) is not a registered function\/op/,
    (operator, domain) =>
      `The model uses the operator "${operator}" of the domain "${domain}", which ONNX Runtime does not have. Export it without custom operators, or use a newer server image.`,
  ],
  [
    /Could not find an implementation for (?<operator>\S+)\((?<where>\d+)\) node/,
    (operator, opset) =>
      `The model uses the operator "${operator}" (opset ${opset}) with element types that ONNX Runtime has no code for on this processor. Export it with others, such as float32.`,
  ],
];

export function isOutOfMemory(raw: string): boolean {
  return outOfMemory().test(raw);
}

function outOfMemory(): RegExp {
  return /bad_alloc|Failed to allocate memory|BFCArena.*(?:Available memory|allocate)|out of memory/i;
}
