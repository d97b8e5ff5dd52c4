import { join } from "node:path";
import { run } from "../../cluster/command.ts";
import type { Bench } from "./bench.ts";
import { environmentPython } from "./install/python-environments.ts";
import { modelFileIn } from "./install/install.ts";
import type { Model } from "./model.ts";
import type { Outputs } from "./wire/answer.ts";

/** How ONNX Runtime alone is run: the limit of the machine. */
export const rawSettings = [
  { name: "1 thread", threads: 1, parallel: 1 },
  { name: "2 threads", threads: 2, parallel: 1 },
  { name: "2 x 1 thread", threads: 1, parallel: 2 },
] as const;
export type RawSetting = (typeof rawSettings)[number];

export interface RawReading {
  readonly model: string;
  readonly setting: RawSetting["name"];
  readonly turn: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of one run. */
  readonly cpuMs: number;
}

export async function measureRaw(
  bench: Bench,
  model: Model,
  requestFile: string,
  { name, threads, parallel }: RawSetting,
  turn: number,
): Promise<RawReading> {
  const settings = [`--threads=${threads}`, `--parallel=${parallel}`, `--seconds=${bench.seconds}`];
  const reading = (await runRaw(bench, model, requestFile, settings)) as Omit<RawReading, "model" | "setting" | "turn">;
  return { model: model.name, setting: name, turn, ...reading };
}

/** What the model answers: what every peer's answers are compared with. */
export async function rawOutputs(bench: Bench, model: Model, requestFile: string): Promise<Outputs> {
  const outputs = (await runRaw(bench, model, requestFile, ["--outputs"])) as Readonly<
    Record<string, readonly number[]>
  >;
  return new Map(Object.entries(outputs));
}

/** In Python, from the request's file of JSON. */
async function runRaw(
  { sources: { folder }, signal }: Bench,
  { name }: Model,
  requestFile: string,
  settings: readonly string[],
): Promise<unknown> {
  signal.throwIfAborted();
  const script = join(import.meta.dirname, "servers", "raw.py");
  const files = [`--model=${modelFileIn(folder, name)}`, `--request=${requestFile}`];
  const environment = { ORT_DISABLE_TELEMETRY: "1", PYTHONDONTWRITEBYTECODE: "1" };
  const { stdout } = await run(environmentPython(folder, "kserve"), [script, ...files, ...settings], { environment });
  return JSON.parse(stdout);
}
