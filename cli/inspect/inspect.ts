import { isFailure } from "../../server/fetch/failure.ts";
import { signatureOf } from "../../server/fetch/onnx/signature.ts";
import { readAccess } from "../access.ts";
import type { Invocation } from "../command.ts";
import { type ExitCode, exitCodes } from "../complaint.ts";
import type { Edge } from "../edge.ts";
import { fetchModel, isUri } from "../model/fetched-model.ts";
import {
  digestOf,
  hashFiles,
  type LocalModel,
  openLocalModel,
  requireServable,
  totalBytes,
} from "../model/local-model.ts";
import { startProgress } from "../text/progress.ts";
import { hasColour, styleOf } from "../text/style.ts";
import { loadOnce } from "./load-once.ts";
import { refusalOfLocales } from "./locales.ts";
import { type Inspection, inspectionJson, inspectionText, type Verdict } from "./inspection.ts";

/** `slipway inspect MODEL|URI`: what a model is and whether this server serves it. */
export async function inspect(invocation: Invocation, edge: Edge): Promise<ExitCode> {
  const [operand = ""] = invocation.operands;
  const inspection = isUri(operand)
    ? await inspectFetched(operand, invocation, edge)
    : await inspectLocal(operand, invocation, edge);
  const isJson = invocation.text("output") === "json";
  const style = styleOf(hasColour(edge.output, edge.variables));
  edge.output.write(isJson ? inspectionJson(inspection) : inspectionText(inspection, style));
  return inspection.verdict.isServed ? exitCodes.done : exitCodes.failed;
}

async function inspectFetched(uri: string, invocation: Invocation, edge: Edge): Promise<Inspection> {
  const fetched = await fetchModel(uri, await readAccess(invocation, edge), edge);
  try {
    const model = await openLocalModel(fetched.directory);
    return { ...described(uri, model, fetched.report.digest), verdict: await judge(model, invocation, edge) };
  } finally {
    await fetched.remove();
  }
}

async function inspectLocal(path: string, invocation: Invocation, edge: Edge): Promise<Inspection> {
  const model = await openLocalModel(path);
  const progress = startProgress(edge, `reading ${path}`, totalBytes(model));
  try {
    const digest = digestOf(await hashFiles(model, { signal: edge.interrupted, onBytes: progress.add }));
    progress.end();
    return { ...described(path, model, digest), verdict: await judge(model, invocation, edge) };
  } finally {
    progress.end();
  }
}

function described(from: string, model: LocalModel, digest: string): Omit<Inspection, "verdict"> {
  const { summary, graph, sizes } = model;
  return {
    from,
    graph,
    summary,
    digest,
    signature: signatureOf(summary),
    bytes: totalBytes(model),
    otherFiles: [...sizes].filter(([path]) => path !== graph).map(([path, size]) => ({ path, size })),
  };
}

/**
 * By reading alone, as the init container judges; and by loading it as the server does, where that was asked for. What
 * reading cannot tell is whether this machine has the locales that the model asks for.
 */
async function judge(model: LocalModel, invocation: Invocation, edge: Edge): Promise<Verdict> {
  try {
    requireServable(model);
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { isServed: false, reason: error.reason, message: error.message };
  }
  if (invocation.isSet("load")) return await loadOnce(model, edge);
  return (await refusalOfLocales(model.summary.locales, edge)) ?? { isServed: true, load: undefined };
}
