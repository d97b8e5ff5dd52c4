import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { text as readText } from "node:stream/consumers";
import { Readable } from "node:stream";
import type { Signature, TensorSpec } from "../../server/tensor.ts";
import type { Invocation } from "../command.ts";
import { failed, misused } from "../complaint.ts";
import type { Edge } from "../edge.ts";
import { type ImageOptions, imageTensor, type Layout } from "./image-tensor.ts";
import { type JsonRequest, readJsonRequest } from "./json-request.ts";
import { decodePicture, type Picture } from "./picture.ts";
import type { HttpProtocol } from "./protocol.ts";
import { type Question, requestedTensors } from "./requested-tensors.ts";

/** What the command line says is to be predicted. */
export interface Input {
  /** How it goes when nothing else is said. */
  readonly protocol: HttpProtocol;
  /** Sent as it is by the protocol that it is written for. */
  readonly json: JsonRequest | undefined;
  /** As tensors for a model. Throws a complaint when it does not fit the model. */
  readonly question: (signature: Signature) => Question;
}

/** Reads `--image` or `--json`, of which there must be one. */
export async function readInput(invocation: Invocation, edge: Edge): Promise<Input> {
  const [image, file] = [invocation.text("image"), invocation.text("json")];
  const options = imageOptions(invocation);
  if (file !== undefined) {
    const json = readJsonRequest(await readJson(file, edge), file === "-" ? "standard input" : file);
    return { protocol: json.protocol, json, question: (signature) => requestedTensors(json, signature) };
  }
  const picture = decodePicture(await readBytes(image ?? ""), basename(image ?? ""));
  const question = ({ inputs }: Signature): Question => pictureQuestion(picture, inputs, options);
  return { protocol: "v2", json: undefined, question };
}

/** Throws a complaint about options that cannot be meant so, before anything is read or asked. */
export function checkInput(invocation: Invocation): void {
  if ((invocation.text("image") === undefined) === (invocation.text("json") === undefined)) {
    throw misused("what is to be predicted? Give either --image FILE or --json FILE");
  }
  imageOptions(invocation);
}

/** Names of a classifier's outputs, one a line. */
export async function readLabels(file: string | undefined): Promise<readonly string[] | undefined> {
  if (file === undefined) return undefined;
  return (await readBytes(file))
    .toString("utf8")
    .replace(/\r?\n$/, "")
    .split(/\r?\n/);
}

function pictureQuestion(picture: Picture, inputs: readonly TensorSpec[], options: ImageOptions): Question {
  const [only, another] = inputs;
  if (only === undefined || another !== undefined) {
    const names = inputs.map((input) => input.name).join(", ");
    throw failed(`the model has ${inputs.length} inputs (${names}): --image fills one; send all with --json`);
  }
  return { inputs: [imageTensor(picture, only, options)], outputs: undefined };
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

async function readJson(file: string, { input }: Edge): Promise<string> {
  return file === "-" ? readText(Readable.from(input)) : (await readBytes(file)).toString("utf8");
}

function readBytes(file: string): Promise<Buffer> {
  return readFile(file).catch((error: unknown) => {
    throw failed(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, error);
  });
}
