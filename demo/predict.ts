/**
 * Sends a picture of a text line to the model of the demo and prints which way up it is. Runs where the model's
 * Service can be reached: on this machine, inside the network namespace of the node.
 */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { directionOf, directionRequest, readPicture, upsideDown } from "./direction.ts";

const usage = `node demo/predict.ts URL PICTURE.png [--upside-down]
  sends the picture, turned round if asked, to URL (http://ADDRESS/v2/models/MODEL/infer) and prints the answer
`;

/** Part of the answer to a V2 inference request. */
interface InferenceAnswer {
  readonly model_version: string;
  readonly outputs: readonly [{ readonly data: readonly number[] }];
}

const answerTimeoutMs = 10_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "upside-down": { type: "boolean", default: false }, help: { type: "boolean", default: false } },
});
const [url, file] = positionals;

if (values.help) {
  process.stdout.write(usage);
} else if (url === undefined || file === undefined) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  const picture = readPicture(await readFile(file));
  const answer = await infer(url, directionRequest(values["upside-down"] ? upsideDown(picture) : picture));
  const { label, probability } = directionOf(answer.outputs[0].data);
  const shown = `${basename(file)}${values["upside-down"] ? " upside down" : ""}`;
  process.stdout.write(`${shown}: ${label} degrees, probability ${probability.toFixed(4)} (${answer.model_version})\n`);
}

async function infer(address: string, request: object): Promise<InferenceAnswer> {
  const response = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(answerTimeoutMs),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${address} answered ${response.status}: ${text}`);
  return JSON.parse(text) as InferenceAnswer;
}
