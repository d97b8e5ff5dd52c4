import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Bench, messageOf, type Problem } from "../bench.ts";
import { placeRequest } from "../cells.ts";
import { runLoad } from "../load/run-load.ts";
import { benchModels, type Model } from "../model.ts";
import type { Peer } from "../peer.ts";
import { slipwayOf } from "../peers.ts";
import { treePssMebibytes } from "../process/read-processes.ts";
import { rawOutputs } from "../raw.ts";
import { firstInferenceMs, withPeer } from "../started-peer.ts";
import type { Outputs } from "../wire/answer.ts";
import { requestOf } from "../wire/request.ts";

/** Proportional set size of a peer's whole tree, in MiB. */
export interface MemoryReading {
  readonly peer: string;
  readonly model: string;
  /** After the first answer. */
  readonly idleMebibytes: number;
  /** After JSON on 8 connections. */
  readonly loadedMebibytes: number;
}

const connections = 8;
const loadSeconds = 3;
/** What is done after an answer is done by then. */
const settleMs = 1_000;

/**
 * conv224 in every peer without its batching, and in Slipway with 2 workers on a machine of any size; the large MLP in
 * Slipway with 1 and 4 workers, for what they share.
 */
export async function measureMemory(bench: Bench, problems: Problem[]): Promise<readonly MemoryReading[]> {
  const plain = bench.peers.filter(({ isBatching }) => !isBatching);
  const hasSlipway = plain.some(({ kind }) => kind === "slipway");
  const slipways = (...workers: readonly number[]): readonly Peer[] =>
    hasSlipway ? workers.map((count) => slipwayOf(count, bench.sources)) : [];
  const works: Readonly<Record<string, readonly Peer[]>> = {
    conv224: [...plain, ...slipways(2)],
    mlp: slipways(1, 4),
  };
  const readings: MemoryReading[] = [];
  for (const model of benchModels()) {
    const peers = works[model.name] ?? [];
    if (peers.length === 0) continue;
    const expected = await rawOutputs(bench, model, await placeRequest(bench, model));
    for (const peer of peers) {
      try {
        const reading = await measureOne(bench, peer, model, expected);
        readings.push(reading);
        const { idleMebibytes, loadedMebibytes } = reading;
        bench.report(
          `PSS of ${peer.name} with ${model.name}: ${idleMebibytes} MiB, ${loadedMebibytes} MiB after a load`,
        );
      } catch (error) {
        problems.push({ peer: peer.name, what: `memory with ${model.name}`, why: messageOf(error) });
      }
    }
  }
  return readings;
}

function measureOne(bench: Bench, peer: Peer, model: Model, expected: Outputs): Promise<MemoryReading> {
  return withPeer(bench, peer, model, async (started) => {
    await firstInferenceMs(started, expected);
    await delay(settleMs);
    const idleMebibytes = Math.round(treePssMebibytes(started.process.pid));
    const dialect = peer.dialects.json ?? { kind: "v2-json" };
    const request = requestOf(model, dialect);
    const bodyFile = join(bench.scratch, "memory-body");
    await writeFile(bodyFile, request.body);
    await runLoad({ addresses: started.addresses, dialect, request, bodyFile, connections, seconds: loadSeconds });
    await delay(settleMs);
    const loadedMebibytes = Math.round(treePssMebibytes(started.process.pid));
    return { peer: peer.name, model: model.name, idleMebibytes, loadedMebibytes };
  });
}
