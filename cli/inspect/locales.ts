import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Edge } from "../edge.ts";
import type { Verdict } from "./inspection.ts";
import { loadOnce } from "./load-once.ts";

/**
 * Whether ONNX Runtime finds these locales on this machine, which it alone knows for sure: a model that does nothing but
 * ask for them is loaded. Undefined: it finds all of them.
 */
export async function refusalOfLocales(
  locales: ReadonlySet<string>,
  edge: Pick<Edge, "script" | "now">,
): Promise<Verdict | undefined> {
  if (locales.size === 0) return undefined;
  const directory = await mkdtemp(join(tmpdir(), "slipway-locales-"));
  try {
    const graph = "locales.onnx";
    await writeFile(join(directory, graph), localesModel(locales));
    const verdict = await loadOnce({ directory, graph }, edge);
    return verdict.isServed ? undefined : verdict;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * An ONNX `ModelProto` with one StringNormalizer for each locale, all of one input (field numbers of onnx.proto3 of
 * ONNX 1.20).
 */
export function localesModel(locales: ReadonlySet<string>): Uint8Array {
  const nodes = [...locales].map((locale, index) =>
    message(1, [
      text(1, "input"),
      text(2, outputName(index)),
      text(4, "StringNormalizer"),
      message(5, [text(1, "case_change_action"), text(4, "LOWER"), integer(20, attributeTypes.string)]),
      message(5, [text(1, "locale"), text(4, locale), integer(20, attributeTypes.string)]),
    ]),
  );
  const outputs = nodes.map((_, index) => message(12, stringsOf(outputName(index))));
  const graph = [...nodes, text(2, "locales"), message(11, stringsOf("input")), ...outputs];
  return Buffer.concat([integer(1, irVersion), message(7, graph), message(8, [text(1, ""), integer(2, opset)])]);
}

/** The first that had StringNormalizer, which later ones have unchanged, and the IR version of that time. */
const opset = 10;
const irVersion = 5;
const attributeTypes = { string: 3 } as const;
const elementTypes = { string: 8 } as const;

function outputName(index: number): string {
  return `output_${index}`;
}

/** A `ValueInfoProto`: strings, one dimension of any size. */
function stringsOf(name: string): Buffer[] {
  const shape = message(2, [message(1, [text(2, "n")])]);
  return [text(1, name), message(2, [message(1, [integer(1, elementTypes.string), shape])])];
}

function text(field: number, value: string): Buffer {
  return message(field, [Buffer.from(value)]);
}

function message(field: number, parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, { length: bytes }) => sum + bytes, 0);
  return Buffer.concat([varint((field << 3) | 2), varint(length), ...parts]);
}

function integer(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

/** Seven bits a byte, lowest first. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
