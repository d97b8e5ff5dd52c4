import type { Field } from "../../fetch/onnx/protobuf.ts";
import { inside, message, type Reader, text } from "../../fetch/onnx/reader.ts";
import type { TensorInfo } from "../../fetch/onnx/value-info.ts";
import type { Edit } from "./edit-graph.ts";
import type { GraphOutline } from "./graph-outline.ts";
import { nameOnly, nodeOf } from "./onnx-messages.ts";
import { integersOf, type PlacedField, placedFields } from "./placed-fields.ts";

export interface ZipMaps {
  readonly edits: readonly Edit[];
  readonly added: readonly Uint8Array[];
  /** What the places of an output's last dimension stand for, by the output's name. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
}

interface Node {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly field: PlacedField;
}

/** A ZipMap, and the Identity nodes that hand its maps on. */
interface Family {
  readonly zipMap: Node;
  readonly members: Node[];
}

/**
 * ONNX Runtime's binding for Node hands over no maps, so outputs that a ZipMap makes, as those of scikit-learn's
 * classifiers, become the tensor that the ZipMap is given: [rows, classes] of floats, under the output's own name. No
 * other operator of ONNX Runtime takes such maps (not even Identity, though models have it there).
 */
export function takeZipMapsOut({ reader, nodes, outputs }: GraphOutline): ZipMaps {
  const none: ZipMaps = { edits: [], added: [], labels: new Map() };
  const candidates = outputs.filter(({ part }) => mayBeMaps(part));
  if (candidates.length === 0) return none;
  const families = findFamilies(reader, nodes);
  const edits: Edit[] = [];
  const added: Uint8Array[] = [];
  const labels = new Map<string, readonly string[]>();
  const taken = new Set<Family>();
  for (const { part, field } of candidates) {
    const family = families.get(part.name);
    const names = family === undefined ? [] : readLabels(reader, family.zipMap.field);
    if (family === undefined || names.length === 0) continue;
    labels.set(part.name, names);
    taken.add(family);
    // Without a type: ONNX Runtime knows what comes in there.
    edits.push({ start: field.keyAt, end: field.end, bytes: nameOnly(part.name) });
    added.push(nodeOf({ operator: "Identity", inputs: [family.zipMap.inputs[0] ?? ""], outputs: [part.name] }));
  }
  for (const { members } of taken) {
    for (const { field } of members) edits.push({ start: field.keyAt, end: field.end, bytes: new Uint8Array() });
  }
  return { edits, added, labels };
}

function mayBeMaps({ type, of }: TensorInfo): boolean {
  return (type === "SEQUENCE" && of?.type === "MAP") || type === "UNDEFINED";
}

/** By the name of each value that holds a ZipMap's maps. */
function findFamilies(reader: Reader, fields: readonly PlacedField[]): ReadonlyMap<string, Family> {
  const families = new Map<string, Family>();
  // Nodes stand behind those whose outputs they take.
  for (const field of fields) {
    const node = readNode(reader, field);
    const handedOn = node.operator === "Identity" ? families.get(node.inputs[0] ?? "") : undefined;
    if (isZipMap(node)) families.set(node.outputs[0] ?? "", { zipMap: node, members: [node] });
    if (handedOn === undefined) continue;
    handedOn.members.push(node);
    families.set(node.outputs[0] ?? "", handedOn);
  }
  return families;
}

function isZipMap({ operator, domain }: Node): boolean {
  return operator === "ZipMap" && domain === "ai.onnx.ml";
}

/** A NodeProto without its attributes. */
function readNode(reader: Reader, at: PlacedField): Node {
  const inputs: string[] = [];
  const outputs: string[] = [];
  let operator = "";
  let domain = "";
  for (const field of inside(reader, message(at))) {
    if (field.number === 1) inputs.push(text(reader, field));
    else if (field.number === 2) outputs.push(text(reader, field));
    else if (field.number === 4) operator = text(reader, field);
    else if (field.number === 7) domain = text(reader, field);
  }
  return { operator, domain, inputs, outputs, field: at };
}

/** Attributes `classlabels_strings` and `classlabels_int64s`, of which a ZipMap has one. */
function readLabels(reader: Reader, node: Field): readonly string[] {
  const labels: string[] = [];
  for (const attribute of inside(reader, node)) {
    if (attribute.number !== 5) continue;
    let name = "";
    const found: string[] = [];
    for (const field of placedFields(reader.source, attribute.start, attribute.end, reader.budget)) {
      if (field.number === 1) name = text(reader, field);
      else if (field.number === 9) found.push(text(reader, field));
      else if (field.number === 8) found.push(...integersOf(reader.source, field).map(String));
    }
    if (name === "classlabels_strings" || name === "classlabels_int64s") labels.push(...found);
  }
  return labels;
}
