import { devNull } from "node:os";
import { basename, join, resolve } from "node:path";
import { environment as names } from "../../server/contract.ts";
import { curlLines } from "../../server/page/curl.ts";
import { binaryExample, grpcExample } from "../../server/page/tensor-examples.ts";
import { runServe } from "../../server/supervisor/run-serve.ts";
import type { Serving } from "../../server/supervisor/serve-edge.ts";
import { readAccess } from "../access.ts";
import type { Invocation } from "../command.ts";
import { type ExitCode, exitCodes, misused } from "../complaint.ts";
import type { Edge } from "../edge.ts";
import { fetchModel, isUri } from "../model/fetched-model.ts";
import { type LocalModel, openLocalModel, requireServable } from "../model/local-model.ts";
import { hasColour, styleOf, type Style } from "../text/style.ts";
import { logText } from "./log-text.ts";

/** What the CRD takes as the name of a model, so that it can be deployed under the one it was tried with. */
const namePattern = /^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/;

/** `slipway serve MODEL|URI`: the server of the pods on this machine, until Ctrl-C. */
export async function serve(invocation: Invocation, edge: Edge): Promise<ExitCode> {
  const [operand = ""] = invocation.operands;
  const name = invocation.text("name") ?? nameFrom(operand);
  if (!namePattern.test(name)) {
    throw misused(`--name ${JSON.stringify(name)}: a lower-case letter, then letters, digits and "-", at most 52`);
  }
  return isUri(operand)
    ? serveFetched(operand, name, invocation, edge)
    : serveLocal(await openLocalModel(operand), name, invocation, edge);
}

async function serveFetched(uri: string, name: string, invocation: Invocation, edge: Edge): Promise<ExitCode> {
  const fetched = await fetchModel(uri, await readAccess(invocation, edge), edge);
  try {
    return await serveLocal(await openLocalModel(fetched.directory), name, invocation, edge);
  } finally {
    await fetched.remove();
  }
}

async function serveLocal(model: LocalModel, name: string, invocation: Invocation, edge: Edge): Promise<ExitCode> {
  requireServable(model);
  const address = invocation.text("address") ?? "";
  const isVerbose = invocation.isSet("verbose");
  const colour = styleOf(hasColour(edge.messages, edge.variables));
  let failure: string | undefined;
  let hasServed = false;
  const code = await runServe({
    ...edge,
    variables: {
      ...edge.variables,
      [names.modelName]: name,
      [names.modelVersion]: invocation.text("model-version"),
      [names.modelDirectory]: resolve(model.directory),
      [names.listenAddress]: address,
      [names.httpPort]: invocation.text("port"),
      [names.metricsPort]: invocation.text("metrics-port"),
      [names.cpuLimit]: invocation.text("workers") ?? String(edge.availableCores),
      // Failures are told by the log, which a person reads here.
      [names.terminationMessage]: devNull,
      // No endpoint of a cluster has to be told that this server goes away.
      [names.propagation]: "0",
      [names.logLevel]: isVerbose ? "debug" : "info",
    },
    terminated: edge.interrupted,
    modelPath: resolve(join(model.directory, model.graph)),
    onServing: (serving) => {
      hasServed = true;
      const style = styleOf(hasColour(edge.output, edge.variables));
      edge.output.write(servingText(serving, address, style));
    },
    writeLog: (line) => {
      const shown = logText(line, isVerbose, colour);
      if (shown?.isFatal === true) failure = shown.message;
      else if (shown !== undefined) edge.messages.write(`${shown.text}\n`);
    },
  });
  if (failure !== undefined) edge.messages.write(`${colour.bad("error:")} ${failure}\n`);
  if (code !== 0) return exitCodes.failed;
  return hasServed ? exitCodes.done : exitCodes.interrupted;
}

/** `./models/Text_Direction.onnx` is served as `text-direction`. */
export function nameFrom(operand: string): string {
  const last = basename(operand);
  // Of a uri without its tag, digest and query.
  const name = (isUri(operand) ? last.replace(/[:@?].*$/, "") : last)
    .replace(/\.onnx$/i, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 52)
    .replace(/-+$/, "");
  return name === "" ? "model" : name;
}

export function servingText(
  { model, httpPort, grpcPort, metricsPort }: Serving,
  address: string,
  style: Style,
): string {
  // An address of "every address" is reached by this one from here.
  const host = ["::", "0.0.0.0"].includes(address) ? "127.0.0.1" : address.includes(":") ? `[${address}]` : address;
  const base = `http://${host}:${httpPort}`;
  const ways = [...curlLines(model, base), binaryExample(model, base), grpcExample(model, `${host}:${grpcPort}`)];
  const examples = ways.flatMap(({ title, command }) => ["", style.strong(title), command]);
  const lines = [
    `${style.good(`${model.name} ${model.version} serves`)} at ${base}`,
    `page ${base}/, gRPC ${host}:${grpcPort}, metrics http://${host}:${metricsPort}/metrics; Ctrl-C ends it`,
    ...examples,
    "",
  ];
  return `${lines.join("\n")}\n`;
}
