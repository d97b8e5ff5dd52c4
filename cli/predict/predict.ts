import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { text as readText } from "node:stream/consumers";
import { Readable } from "node:stream";
import type { Signature } from "../../server/tensor.ts";
import type { Invocation } from "../command.ts";
import { type ExitCode, exitCodes, failed, misused } from "../complaint.ts";
import type { Edge } from "../edge.ts";
import { hasColour, styleOf } from "../text/style.ts";
import { outputsOf, outputsText } from "./answer.ts";
import { type ImageOptions, imageTensor, type Layout } from "./image-tensor.ts";
import { jsonRequest, type PredictionRequest } from "./json-request.ts";
import { decodePicture } from "./picture.ts";
import { refusal } from "./refusal.ts";
import { clusterServer, directServer, type Server } from "./server.ts";

/** `slipway predict NAME`: one prediction of a served model, and its outputs. */
export async function predict(invocation: Invocation, edge: Edge): Promise<ExitCode> {
  const [name = ""] = invocation.operands;
  const [image, json] = [invocation.text("image"), invocation.text("json")];
  if ((image === undefined) === (json === undefined)) {
    throw misused("what is to be predicted? Give either --image FILE or --json FILE");
  }
  const options = imageOptions(invocation);
  const labels = await readLabels(invocation.text("labels"));
  const server = await serverOf(name, invocation, edge);
  try {
    const request =
      image === undefined
        ? jsonRequest(await readInput(json ?? "-", edge), name, json === "-" ? "standard input" : (json ?? ""))
        : await imageRequest(image, name, options, server);
    const answer = await server.ask(request.path, request.body);
    if (answer.status !== 200) throw await refusal(answer, server);
    edge.output.write(shown(answer.text, { top: invocation.whole("top") ?? 1, labels }, invocation, edge));
    return exitCodes.done;
  } finally {
    await server.close();
  }
}

function shown(
  text: string,
  options: { readonly top: number; readonly labels: readonly string[] | undefined },
  invocation: Invocation,
  edge: Edge,
): string {
  const outputs = invocation.text("output") === "json" ? undefined : outputsOf(text);
  // The other protocols' answers have no shapes to make a table from: they are shown as they came.
  if (outputs === undefined) return text.endsWith("\n") ? text : `${text}\n`;
  return outputsText(outputs, options, styleOf(hasColour(edge.output, edge.variables)));
}

async function serverOf(name: string, invocation: Invocation, edge: Edge): Promise<Server> {
  const url = invocation.text("url");
  const timeoutSeconds = invocation.whole("timeout") ?? 60;
  const [namespace, context, kubeconfig] = ["namespace", "context", "kubeconfig"].map((option) =>
    invocation.text(option),
  );
  if (url === undefined) return clusterServer({ name, namespace, context, kubeconfig, timeoutSeconds }, edge);
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url)) {
    throw misused(`--url ${JSON.stringify(url)}: write http://HOST:PORT`);
  }
  if (namespace !== undefined || context !== undefined || kubeconfig !== undefined) {
    throw misused("--url asks a server directly: leave out --namespace, --context and --kubeconfig");
  }
  return directServer(url, timeoutSeconds, edge);
}

async function imageRequest(
  file: string,
  name: string,
  options: ImageOptions,
  server: Server,
): Promise<PredictionRequest> {
  const picture = decodePicture(await readBytes(file), basename(file));
  const path = `/v2/models/${encodeURIComponent(name)}`;
  const metadata = await server.ask(path);
  if (metadata.status !== 200) throw await refusal(metadata, server);
  const { inputs } = JSON.parse(metadata.text) as Signature;
  const [only, another] = inputs;
  if (only === undefined || another !== undefined) {
    const names = inputs.map((input) => input.name).join(", ");
    throw failed(`the model has ${inputs.length} inputs (${names}): --image fills one; send all with --json`);
  }
  return { path: `${path}/infer`, body: JSON.stringify({ inputs: [imageTensor(picture, only, options)] }) };
}

function imageOptions({ text, isSet }: Invocation): ImageOptions {
  const size = text("size");
  const match = size === undefined ? undefined : /^([0-9]{1,5})x([0-9]{1,5})$/.exec(size);
  if (match === null || Number(match?.[1]) === 0 || Number(match?.[2]) === 0) {
    throw misused(`--size ${JSON.stringify(size)}: write HEIGHTxWIDTH, as in 224x224`);
  }
  return {
    mean: numbers("--mean", text("mean"), false),
    std: numbers("--std", text("std"), true),
    layout: text("layout") as Layout | undefined,
    size: match === undefined ? undefined : [Number(match[1]), Number(match[2])],
    isBgr: isSet("bgr"),
  };
}

function numbers(option: string, text: string | undefined, isDivisor: boolean): number[] | undefined {
  if (text === undefined) return undefined;
  const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (values.every((value) => Number.isFinite(value) && !(isDivisor && value === 0))) return values;
  throw misused(`${option} ${JSON.stringify(text)}: numbers with commas between${isDivisor ? ", none of them 0" : ""}`);
}

async function readLabels(file: string | undefined): Promise<readonly string[] | undefined> {
  if (file === undefined) return undefined;
  return (await readBytes(file))
    .toString("utf8")
    .replace(/\r?\n$/, "")
    .split(/\r?\n/);
}

async function readInput(file: string, { input }: Edge): Promise<string> {
  return file === "-" ? readText(Readable.from(input)) : (await readBytes(file)).toString("utf8");
}

function readBytes(file: string): Promise<Buffer> {
  return readFile(file).catch((error: unknown) => {
    throw failed(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, error);
  });
}
