import { setTimeout as delay } from "node:timers/promises";
import type { Report } from "../test/cluster/report.ts";
import { startLoad } from "../test/load/start.ts";
import type { LoadSummary } from "../test/load/tally.ts";
import type { Clients } from "./cluster.ts";
import type { Kubectl } from "./diagnosis.ts";
import { directionRequest, readPicture } from "./direction.ts";
import { waitUntilReached } from "./model-client.ts";

export interface ChangeOptions {
  readonly kubectl: Kubectl;
  readonly report: Report;
  readonly model: string;
  readonly url: string;
  readonly clients: Pick<Clients, "load" | "bodyFile">;
}

const connections = 8;
const ratePerSecond = 100;
/** How long the client runs before, between and after the changes. */
const calmMs = 3_000;
const changeTimeoutMs = 120_000;

export interface ChangeOutcome {
  readonly load: LoadSummary;
  /** From the edit back to v1 until v2 gave its last answer. */
  readonly rollbackMs: number;
}

/** Changes the model's version to v2 and back to v1 while a client with kept connections asks for predictions. */
export async function changeUnderLoad(options: ChangeOptions): Promise<ChangeOutcome> {
  const { report, url, clients } = options;
  report(`a client with ${connections} kept connections sends ${ratePerSecond} pictures a second`);
  const load = startLoad({ url, bodyFile: clients.bodyFile, connections, ratePerSecond, command: clients.load });
  try {
    await delay(calmMs);
    await changeTo("v2", options);
    report(countsOf(load.progress()));
    const editedMs = await changeTo("v1", options);
    const summary = await load.stop();
    return { load: summary, rollbackMs: (summary.byVersion["v2"]?.lastMs ?? editedMs) - editedMs };
  } finally {
    // After a failure the figures have no reader, and the client's end must not hide the cause.
    await load.stop().catch(() => undefined);
  }
}

/** Edits the one field, waits for its effect and lets the client go on for a while. Gives the time of the edit. */
async function changeTo(version: string, { kubectl, report, model }: ChangeOptions): Promise<number> {
  const patch = JSON.stringify({ spec: { version } });
  report(`kubectl patch modeldeployment ${model} --type=merge -p '${patch}'`);
  await kubectl(["patch", "modeldeployment", model, "--type=merge", "-p", patch]);
  const editedMs = Date.now();
  await waitUntilReached(kubectl, model, version, { timeoutMs: changeTimeoutMs, report });
  await delay(calmMs);
  return editedMs;
}

/** Of every request. Two decimals are finer than the picture's 256 steps, and a third of the bytes. */
export function requestBody(picture: Uint8Array): string {
  const { inputs } = directionRequest(readPicture(picture));
  const data = inputs[0].data.map((value) => Math.round(value * 100) / 100);
  return JSON.stringify({ inputs: [{ ...inputs[0], data }] });
}

/** The figures in one line. */
export function countsOf(summary: LoadSummary | undefined): string {
  if (summary === undefined) return "no answers yet";
  const versions = Object.entries(summary.byVersion).map(([version, { answers }]) => `${version}: ${answers}`);
  return `${summary.requests} requests sent, ${summary.failed} failed, answered by ${versions.join(", ")}`;
}
