import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, messageOf, type Problem } from "../bench.ts";
import { placeRequest } from "../cells.ts";
import { runLoad } from "../load/run-load.ts";
import { benchModels, type Model } from "../model.ts";
import type { Peer } from "../peer.ts";
import { onProcessors, parseProcessorList } from "../process/processors.ts";
import { rawOutputs } from "../raw.ts";
import { checkAnswer, firstInferenceMs, withPeer } from "../started-peer.ts";
import { measureWindow } from "../window.ts";
import type { Outputs } from "../wire/answer.ts";
import { type Dialect, type Protocol, requestOf } from "../wire/request.ts";

/** What the server answers on so many processors, which it shares with the load generator, as everywhere in this bench. */
export interface ScalingReading {
  readonly model: string;
  readonly cores: number;
  readonly turn: number;
  readonly perSecond: number;
}

/** The first is what the others are held against. */
export const scalingCores = [2, 4, 8, 16] as const;

/** A request that is nearly all server, and one that is nearly all run. */
const cells: readonly { readonly model: string; readonly protocol: Protocol }[] = [
  { model: "iris", protocol: "json" },
  { model: "conv224", protocol: "binary" },
];
/** So that no processor waits for a request. */
const connectionsForEach = 4;

/**
 * Slipway's default start on a part of the machine's processors, as a container has a part of a node's. A machine that has
 * no more than the fewest tells nothing, and takes no time.
 */
export async function measureScaling(bench: Bench, problems: Problem[]): Promise<readonly ScalingReading[]> {
  const processors = ownProcessors();
  const counts = scalingCores.filter((count) => count <= processors.length);
  const [peer] = bench.peers.filter(({ kind }) => kind === "slipway");
  if (peer === undefined) return [];
  if (counts.length < 2) {
    const why = `needs ${scalingCores[1]} cores to say anything, and ${processors.length} may be used`;
    problems.push({ peer: peer.name, what: "growth with cores", why });
    return [];
  }
  const readings: ScalingReading[] = [];
  for (const { model: name, protocol } of cells) {
    const [model] = benchModels().filter((known) => known.name === name);
    const dialect = peer.dialects[protocol];
    if (model === undefined || dialect === undefined) continue;
    const expected = await rawOutputs(bench, model, await placeRequest(bench, model));
    for (let turn = 0; turn < bench.pairs; turn += 1)
      for (const cores of turn % 2 === 0 ? counts : counts.toReversed()) {
        try {
          const perSecond = await measureOne(bench, peer, model, dialect, expected, processors.slice(0, cores));
          readings.push({ model: model.name, cores, turn, perSecond });
          bench.report(`${model.name} turn ${turn + 1}: ${cores} cores: ${perSecond.toFixed(1)}/s`);
        } catch (error) {
          problems.push({ peer: peer.name, what: `${model.name} on ${cores} cores`, why: messageOf(error) });
        }
      }
  }
  return readings;
}

function measureOne(
  bench: Bench,
  peer: Peer,
  model: Model,
  dialect: Dialect,
  expected: Outputs,
  processors: readonly number[],
): Promise<number> {
  const pinned: Peer = { ...peer, command: (place) => onProcessors(processors, peer.command(place)) };
  return withPeer(bench, pinned, model, async (started) => {
    await firstInferenceMs(started, expected);
    const request = requestOf(model, dialect);
    const problem = await checkAnswer(started, dialect, request, expected);
    if (problem !== undefined) throw new Error(problem);
    const bodyFile = join(bench.scratch, "scaling-body");
    await writeFile(bodyFile, request.body);
    const connections = connectionsForEach * processors.length;
    const load = { addresses: started.addresses, dialect, request, bodyFile, connections, processors };
    await runLoad({ ...load, seconds: 1 });
    const { perSecond, failed } = await measureWindow(started.process.pid, { ...load, seconds: bench.seconds });
    if (failed > 0) throw new Error(`${failed} requests failed`);
    return perSecond;
  });
}

/** Those that this process may use, which may be fewer than the machine has. */
function ownProcessors(): readonly number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return parseProcessorList(list ?? "");
}
