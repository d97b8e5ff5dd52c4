import { failure, isFailure } from "../failure.ts";
import { modelDepth, modelFields, modelFileBytes } from "../limits.ts";
import { lookOf } from "./look-of.ts";
import { mixesRows } from "./mixes-rows.ts";
import { type ByteSource, damagedAt, type Field, fields } from "./protobuf.ts";
import { inside, integer, message, type Reader, text } from "./reader.ts";
import { localeOf } from "./string-locale.ts";
import { readValueInfo, type TensorInfo } from "./value-info.ts";

/** What can be known of a model without loading it. */
export interface ModelSummary {
  readonly irVersion: number;
  /** The program that wrote it, as it names itself; empty where it does not. */
  readonly producer: { readonly name: string; readonly version: string };
  /** Version by domain; the default domain is `ai.onnx`. */
  readonly opsets: ReadonlyMap<string, number>;
  /** By domain, one of the operators that the graph uses. */
  readonly operators: ReadonlyMap<string, string>;
  /** Domains that the model defines functions for. */
  readonly functionDomains: ReadonlySet<string>;
  /** How long a run takes depends on values and not only on sizes: it has a `Loop` or a `Scan`. */
  readonly hasLoops: boolean;
  /** What it answers for a row depends on the rows that run with it, by what its operators are. */
  readonly mixesRows: boolean;
  /** Names of the locales that its StringNormalizers cannot be loaded without. */
  readonly locales: ReadonlySet<string>;
  /** What a caller has to give: inputs that have no initializer. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Files that hold weights, as written in the model, and the highest byte that is read of each. */
  readonly externalData: ReadonlyMap<string, number>;
}

interface Draft {
  irVersion: number;
  producer: { name: string; version: string };
  graphs: number;
  hasLoops: boolean;
  mixesRows: boolean;
  readonly opsets: Map<string, number>;
  readonly operators: Map<string, string>;
  readonly functionDomains: Set<string>;
  readonly locales: Set<string>;
  readonly inputs: TensorInfo[];
  readonly outputs: TensorInfo[];
  readonly initializers: Set<string>;
  readonly externalData: Map<string, number>;
}

interface ModelReader extends Reader {
  readonly draft: Draft;
}

/**
 * Reads an ONNX `ModelProto` (onnx.proto3 of ONNX 1.20; field numbers below are that file's). Weights are stepped over,
 * so a model of gigabytes takes as long as its graph does. Fields may have any order, though serializers begin with
 * `ir_version`: what begins otherwise and cannot be read is told to be no model at all, instead of a damaged one. Fails
 * with `NotAModel`, `TruncatedModel` or `TooLarge`.
 */
export function readModel(source: ByteSource): ModelSummary {
  if (source.size === 0) throw failure("NotAModel", "The model file is empty. Upload it again.");
  if (source.size > modelFileBytes) {
    throw failure(
      "TooLarge",
      `The model file has ${source.size} bytes; ONNX files end at ${modelFileBytes}. Save its weights as external data.`,
    );
  }
  const draft: Draft = {
    irVersion: 0,
    producer: { name: "", version: "" },
    graphs: 0,
    hasLoops: false,
    mixesRows: false,
    opsets: new Map(),
    operators: new Map(),
    functionDomains: new Set(),
    locales: new Set(),
    inputs: [],
    outputs: [],
    initializers: new Set(),
    externalData: new Map(),
  };
  const startsAsModel = source.read(0, 1)[0] === irVersionKey;
  try {
    readModelProto({ source, budget: { fields: modelFields }, draft });
  } catch (error) {
    throw startsAsModel || !isFailure(error) || error.reason === "TooLarge" ? error : noModel(source);
  }
  if (draft.graphs === 0) throw startsAsModel ? endsBefore("its graph", source) : noModel(source);
  if (draft.opsets.size === 0) {
    if (draft.irVersion >= irWithOpsets) throw endsBefore("its opset_import", source);
    draft.opsets.set("ai.onnx", 1);
  }
  const { graphs: _graphs, initializers, ...summary } = draft;
  return { ...summary, inputs: draft.inputs.filter(({ name }) => !initializers.has(name)) };
}

const irVersionKey = 0x08;
/** onnx.proto: models of earlier IR versions have no `opset_import`, and opset 1 of ONNX is meant. */
const irWithOpsets = 3;

function noModel(source: ByteSource): Error {
  return failure(
    "NotAModel",
    `The model file is no ONNX model${lookOf(source)}. Export the model to ONNX and push that file.`,
  );
}

function endsBefore(what: string, { size }: ByteSource): Error {
  return failure(
    "TruncatedModel",
    `The model file ends before ${what}, after ${size} bytes: it was cut. Export or upload it again.`,
  );
}

function readModelProto(reader: ModelReader): void {
  const { source, budget, draft } = reader;
  for (const field of fields(source, 0, source.size, budget)) {
    if (field.number === 1) draft.irVersion = integer(field);
    else if (field.number === 2) draft.producer.name = shownText(source, message(field));
    else if (field.number === 3) draft.producer.version = shownText(source, message(field));
    else if (field.number === 7) {
      draft.graphs += 1;
      readGraph(reader, message(field), 1);
    } else if (field.number === 8) readOpset(reader, message(field));
    else if (field.number === 25) readFunction(reader, message(field));
    // domain, doc_string, metadata_props, training_info, configuration.
    else if ([4, 6, 14, 20, 26].includes(field.number)) message(field);
    else if (field.number === 5) integer(field);
  }
}

/** A person reads it and nothing depends on it, so it is cut, and bytes that are no text make no model damaged. */
const shownBytes = 200;

function shownText(source: ByteSource, { start, end }: Field): string {
  return Buffer.from(source.read(start, Math.min(end - start, shownBytes))).toString("utf8");
}

function readOpset(reader: ModelReader, at: Field): void {
  let domain = "";
  let version = 0;
  for (const field of inside(reader, at)) {
    if (field.number === 1) domain = text(reader, field);
    else if (field.number === 2) version = integer(field);
  }
  reader.draft.opsets.set(domainName(domain), version);
}

function readFunction(reader: ModelReader, at: Field): void {
  for (const field of inside(reader, at)) {
    if (field.number === 10) reader.draft.functionDomains.add(domainName(text(reader, field)));
    else if (field.number === 7) readNode(reader, message(field), 1);
  }
}

/** A graph: `depth` 1 is the model's own, deeper ones are bodies of `If` and `Loop`, whose inputs are their own. */
function readGraph(reader: ModelReader, at: Field, depth: number): void {
  if (depth > modelDepth) throw damagedAt(at.start);
  const { draft } = reader;
  for (const field of inside(reader, at)) {
    if (field.number === 1) readNode(reader, message(field), depth);
    else if (field.number === 5) {
      const name = readTensor(reader, message(field));
      if (depth === 1) draft.initializers.add(name);
    } else if (field.number === 15) {
      const name = readSparseTensor(reader, message(field));
      if (depth === 1) draft.initializers.add(name);
    } else if (field.number === 11 || field.number === 12) {
      const info = readValueInfo(reader, message(field));
      if (depth === 1) (field.number === 11 ? draft.inputs : draft.outputs).push(info);
    }
  }
}

function readNode(reader: ModelReader, at: Field, depth: number): void {
  let operator = "";
  let domain = "";
  const attributes: Field[] = [];
  for (const field of inside(reader, at)) {
    if (field.number === 4) operator = text(reader, field);
    else if (field.number === 7) domain = text(reader, field);
    else if (field.number === 5) {
      readAttribute(reader, message(field), depth);
      attributes.push(field);
    }
  }
  reader.draft.operators.set(domainName(domain), operator);
  if (loops.includes(operator)) reader.draft.hasLoops = true;
  if (mixesRows(domainName(domain), operator)) reader.draft.mixesRows = true;
  if (operator !== "StringNormalizer" || domainName(domain) !== "ai.onnx") return;
  const locale = localeOf(reader, attributes);
  if (locale !== undefined) reader.draft.locales.add(locale);
}

const loops: readonly string[] = ["Loop", "Scan"];

function readAttribute(reader: ModelReader, at: Field, depth: number): void {
  for (const field of inside(reader, at)) {
    // t, tensors; g, graphs; sparse_tensor, sparse_tensors.
    if (field.number === 5 || field.number === 10) readTensor(reader, message(field));
    else if (field.number === 6 || field.number === 11) readGraph(reader, message(field), depth + 1);
    else if (field.number === 22 || field.number === 23) readSparseTensor(reader, message(field));
  }
}

/** Returns the name of the tensor of values, which is the sparse tensor's name. */
function readSparseTensor(reader: ModelReader, at: Field): string {
  let name = "";
  for (const field of inside(reader, at)) {
    if (field.number === 1) name = readTensor(reader, message(field));
    else if (field.number === 2) readTensor(reader, message(field));
  }
  return name;
}

/** Notes where a tensor's data lies, if it lies in another file, and returns its name. */
function readTensor(reader: ModelReader, at: Field): string {
  const external = new Map<string, string>();
  let name = "";
  let location = 0;
  for (const field of inside(reader, at)) {
    if (field.number === 8) name = text(reader, field);
    else if (field.number === 13) readEntry(reader, message(field), external);
    else if (field.number === 14) location = integer(field);
  }
  // DataLocation.EXTERNAL.
  if (location === 1) {
    const file = external.get("location");
    if (file === undefined) throw damagedAt(at.start);
    const { externalData } = reader.draft;
    const last = count(external.get("offset"), at) + count(external.get("length"), at);
    externalData.set(file, Math.max(externalData.get(file) ?? 0, last));
  }
  return name;
}

function readEntry(reader: ModelReader, at: Field, into: Map<string, string>): void {
  let key = "";
  let value = "";
  for (const field of inside(reader, at)) {
    if (field.number === 1) key = text(reader, field);
    else if (field.number === 2) value = text(reader, field);
  }
  into.set(key, value);
}

/** Offset and length of external data are decimal text; absent means 0. */
function count(digits: string | undefined, at: Field): number {
  if (digits === undefined) return 0;
  if (!/^\d{1,15}$/.test(digits)) throw damagedAt(at.start);
  return Number(digits);
}

function domainName(domain: string): string {
  return domain === "" ? "ai.onnx" : domain;
}
