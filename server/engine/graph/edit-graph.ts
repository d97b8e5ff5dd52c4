import type { ByteSource, Field } from "../../fetch/onnx/protobuf.ts";
import { fieldHead } from "./protobuf-writer.ts";

/** A field of the graph, its key included, and what stands there instead; empty: nothing. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

/**
 * The bytes of a model whose graph is changed: `edits` in any order, none over another, `added` behind the graph's
 * other fields. Everything else is copied as it is. `graph` is the payload of the graph's field, which begins with its
 * key at `keyAt`; `imports` are fields of the model itself.
 */
export function editGraph(
  source: ByteSource,
  graph: Pick<Field, "start" | "end"> & { readonly keyAt: number },
  edits: readonly Edit[],
  added: readonly Uint8Array[],
  imports: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const sorted = edits.toSorted((one, other) => one.start - other.start);
  let graphBytes = graph.end - graph.start + sizeOf(added);
  for (const { start, end, bytes } of sorted) graphBytes += bytes.length - (end - start);
  const head = fieldHead(graphField, graphBytes);
  const size = graph.keyAt + head.length + graphBytes + (source.size - graph.end) + sizeOf(imports);
  const target = new Uint8Array(size);
  let at = 0;
  const put = (bytes: Uint8Array): void => {
    target.set(bytes, at);
    at += bytes.length;
  };
  const copy = (from: number, to: number): void => {
    for (let next = from; next < to; next += copiedAtOnce) put(source.read(next, Math.min(copiedAtOnce, to - next)));
  };

  copy(0, graph.keyAt);
  put(head);
  let position = graph.start;
  for (const { start, end, bytes } of sorted) {
    copy(position, start);
    put(bytes);
    position = end;
  }
  copy(position, graph.end);
  for (const bytes of added) put(bytes);
  copy(graph.end, source.size);
  for (const bytes of imports) put(bytes);
  return target;
}

/** ModelProto.graph. */
const graphField = 7;
/** A file of gigabytes is never there as a whole beside its copy. */
const copiedAtOnce = 1024 * 1024;

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
