import { type Bench, messageOf, type Problem } from "../bench.ts";
import { placeRequest } from "../cells.ts";
import { benchModels, largeModel, type Model } from "../model.ts";
import { rawOutputs } from "../raw.ts";
import { firstInferenceMs, withPeer } from "../started-peer.ts";

export interface StartReading {
  readonly peer: string;
  readonly model: string;
  readonly turn: number;
  /** From the start of the process to its first right answer. */
  readonly ms: number;
}

/** The classifier, and the largest model there is; peers without their batching, with which they start just the same. */
export async function measureStarts(bench: Bench, problems: Problem[]): Promise<readonly StartReading[]> {
  const readings: StartReading[] = [];
  for (const model of [...benchModels().filter(({ name }) => name === "ocr"), largeModel()]) {
    const expected = await rawOutputs(bench, model, await placeRequest(bench, model));
    for (let turn = 0; turn < bench.pairs; turn += 1)
      for (const peer of bench.peers.filter(({ isBatching }) => !isBatching)) {
        try {
          const ms = await withPeer(bench, peer, model, (started) => firstInferenceMs(started, expected));
          readings.push({ peer: peer.name, model: model.name, turn, ms });
          bench.report(`${model.name} turn ${turn + 1}: ${peer.name}: first inference after ${Math.round(ms)} ms`);
        } catch (error) {
          problems.push(startProblem(peer.name, model, error));
        }
      }
  }
  return readings;
}

function startProblem(peer: string, model: Model, error: unknown): Problem {
  return { peer, what: `start with ${model.name}`, why: messageOf(error) };
}
