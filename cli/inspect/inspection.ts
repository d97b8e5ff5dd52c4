import type { ModelSummary } from "../../server/fetch/onnx/read-model.ts";
import type { TensorInfo } from "../../server/fetch/onnx/value-info.ts";
import { supported } from "../../server/fetch/onnx/supported.ts";
import { showBytes } from "../text/amounts.ts";
import type { Style } from "../text/style.ts";
import { factLines, tableLines } from "../text/table.ts";
import { datatypeOf, showDims, showType } from "../model/datatype.ts";

export type Verdict =
  | { readonly isServed: false; readonly reason: string; readonly message: string }
  | { readonly isServed: true; readonly load: Load | undefined };

/** What loading and one run on zeros took. */
export interface Load {
  readonly loadSeconds: number;
  readonly runSeconds: number;
  /** Why it did not run on zeros, which proves nothing about real inputs. */
  readonly refusal: string | undefined;
}

/** All that is known of a model. */
export interface Inspection {
  /** Path or uri, as it was given. */
  readonly from: string;
  readonly graph: string;
  readonly summary: ModelSummary;
  readonly digest: string;
  readonly signature: string;
  /** Of all files together. */
  readonly bytes: number;
  readonly otherFiles: readonly { readonly path: string; readonly size: number }[];
  readonly verdict: Verdict;
}

export function inspectionText(inspection: Inspection, style: Style): string {
  const { from, graph, summary, digest, signature, bytes, otherFiles, verdict } = inspection;
  const { producer } = summary;
  const made = [producer.name, producer.version].filter((part) => part !== "").join(" ");
  const facts: (readonly [string, string])[] = [
    ["graph", graph],
    ["size", showBytes(bytes)],
    ["digest", digest],
    ["signature", signature],
    ["ONNX", `IR version ${summary.irVersion}, opset ${opsetsText(summary)}`],
    ["made by", made === "" ? "not said" : made],
    ...(summary.locales.size === 0 ? [] : [["locale", [...summary.locales].join(", ")] as const]),
    ...(otherFiles.length === 0 ? [] : [["other files", filesText(otherFiles)] as const]),
    ["served here", verdictText(verdict, style)],
  ];
  const lines = [
    style.strong(from),
    ...factLines(facts),
    "",
    ...tensorLines("INPUT", summary.inputs, style),
    "",
    ...tensorLines("OUTPUT", summary.outputs, style),
  ];
  return `${lines.join("\n")}\n`;
}

export function inspectionJson({ summary, ...inspection }: Inspection): string {
  const { from, graph, digest, signature, bytes, otherFiles, verdict } = inspection;
  const document = {
    from,
    graph,
    bytes,
    digest,
    signature,
    irVersion: summary.irVersion,
    opsets: Object.fromEntries(summary.opsets),
    producer: summary.producer,
    locales: [...summary.locales],
    inputs: summary.inputs.map(tensorJson),
    outputs: summary.outputs.map(tensorJson),
    otherFiles,
    externalData: [...summary.externalData.keys()],
    served: verdict,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function tensorJson({ name, type, dims }: TensorInfo): object {
  return { name, type, datatype: datatypeOf(type) ?? null, dims };
}

function opsetsText({ opsets }: ModelSummary): string {
  const highest: Readonly<Record<string, number>> = supported.opsets;
  return [...opsets]
    .map(([domain, version]) => {
      const limit = Object.hasOwn(highest, domain) ? ` (up to ${highest[domain]} here)` : "";
      return `${version} of ${domain}${limit}`;
    })
    .join(", ");
}

/** A folder with hundreds of weight files is told by its first ones. */
const shownFiles = 8;

function filesText(files: Inspection["otherFiles"]): string {
  const shown = files.slice(0, shownFiles).map(({ path, size }) => `${path} (${showBytes(size)})`);
  const more = files.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("\n");
}

function verdictText(verdict: Verdict, style: Style): string {
  if (!verdict.isServed) return `${style.bad("no")}, ${verdict.reason}: ${verdict.message}`;
  const { load } = verdict;
  if (load === undefined) return `${style.good("yes")}, by all that can be read; --load tries it`;
  const loaded = `${style.good("yes")}, it was loaded in ${secondsText(load.loadSeconds)}`;
  return load.refusal === undefined
    ? `${loaded} and ran on zeros in ${secondsText(load.runSeconds)}`
    : `${loaded}; it did not run on zeros, which real inputs may well do: ${load.refusal}`;
}

function secondsText(seconds: number): string {
  return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
}

function tensorLines(title: string, tensors: readonly TensorInfo[], style: Style): string[] {
  const rows = tensors.map((tensor) => [tensor.name, showType(tensor), showDims(tensor.of?.dims ?? tensor.dims)]);
  return tableLines([title, "DATATYPE", "DIMS"], rows, style);
}
