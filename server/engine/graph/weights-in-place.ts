import type { Edit } from "./edit-graph.ts";
import type { GraphOutline } from "./graph-outline.ts";
import { bytesField, integerField, textField } from "./protobuf-writer.ts";
import { rawDataOf } from "./tensor-proto.ts";

/** Below this a weight is copied: a mapping of its own would cost more. */
const leastBytes = 64 * 1024;

/**
 * Weights of a model that is changed stay in its file, as external data of it: only the graph is held a second time while it
 * is loaded. `fileName`: of the model, in the folder that external data is looked for in. `skipped`: initializers that
 * are gone.
 */
export function leaveWeightsInPlace(
  { reader, initializers }: GraphOutline,
  fileName: string,
  skipped: ReadonlySet<string>,
): readonly Edit[] {
  const edits: Edit[] = [];
  for (const { part: name, field } of initializers) {
    if (skipped.has(name) || field.end - field.start < leastBytes) continue;
    const raw = rawDataOf(reader, field);
    if (raw === undefined || raw.end - raw.start < leastBytes) continue;
    const { source } = reader;
    const entry = (key: string, value: string): Uint8Array => bytesField(13, textField(1, key), textField(2, value));
    const bytes = bytesField(
      5,
      source.read(field.start, raw.keyAt - field.start).slice(),
      source.read(raw.end, field.end - raw.end).slice(),
      entry("location", fileName),
      entry("offset", String(raw.start)),
      entry("length", String(raw.end - raw.start)),
      // DataLocation.EXTERNAL.
      integerField(14, 1),
    );
    edits.push({ start: field.keyAt, end: field.end, bytes });
  }
  return edits;
}
