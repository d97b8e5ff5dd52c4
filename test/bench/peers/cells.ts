import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, messageOf, type Problem } from "./bench.ts";
import { runLoad } from "./load/run-load.ts";
import type { Model } from "./model.ts";
import type { Peer } from "./peer.ts";
import { measureRaw, rawOutputs, type RawReading, rawSettings } from "./raw.ts";
import { checkAnswer, firstInferenceMs, type StartedPeer, withPeer } from "./started-peer.ts";
import { measureWindow, type WindowReading } from "./window.ts";
import type { Outputs } from "./wire/answer.ts";
import { type Dialect, type Protocol, requestOf } from "./wire/request.ts";

/** One window of one peer. */
export interface CellReading extends WindowReading {
  readonly model: string;
  readonly peer: string;
  readonly protocol: Protocol;
  readonly connections: number;
  /** Readings of the same turn are compared with each other. */
  readonly turn: number;
}

export interface CellResults {
  readonly cells: readonly CellReading[];
  readonly raws: readonly RawReading[];
  readonly problems: readonly Problem[];
}

interface Results extends CellResults {
  readonly cells: CellReading[];
  readonly raws: RawReading[];
  readonly problems: Problem[];
}

/**
 * Every model, and for it so many turns; in a turn everything is measured once, one after the other, in the opposite order
 * of the turn before: a machine that gets slower or faster meanwhile favours nobody.
 */
export async function measureCells(bench: Bench): Promise<CellResults> {
  const results: Results = { cells: [], raws: [], problems: [] };
  for (const model of bench.models) {
    try {
      await measureModel(bench, model, results);
    } catch (error) {
      // What was measured before is worth as much as ever.
      bench.report(`${model.name}: ${messageOf(error)}`);
      results.problems.push({ peer: "raw", what: model.name, why: messageOf(error) });
    }
  }
  return results;
}

async function measureModel(bench: Bench, model: Model, results: Results): Promise<void> {
  const requestFile = await placeRequest(bench, model);
  const expected = await rawOutputs(bench, model, requestFile);
  for (let turn = 0; turn < bench.pairs; turn += 1) {
    const works = [
      ...rawSettings.map((setting) => async () => {
        const raw = await measureRaw(bench, model, requestFile, setting, turn);
        results.raws.push(raw);
        bench.report(`${model.name} turn ${turn + 1}: raw ${setting.name}: ${Math.round(raw.perSecond)}/s`);
      }),
      ...bench.peers.map((peer) => () => measurePeer(bench, peer, model, expected, turn, results)),
    ];
    for (const work of turn % 2 === 0 ? works : works.toReversed()) await work();
  }
}

/** The JSON that ONNX Runtime alone reads, too. */
export async function placeRequest({ scratch }: Bench, model: Model): Promise<string> {
  const file = join(scratch, `${model.name}.json`);
  await writeFile(file, requestOf(model, { kind: "v2-json" }).body);
  return file;
}

/** Adds what it measures to the results, and what it cannot measure as well. */
async function measurePeer(
  bench: Bench,
  peer: Peer,
  model: Model,
  expected: Outputs,
  turn: number,
  results: Results,
): Promise<void> {
  if (peer.isBatching && !model.batches) return;
  const say = (protocol: string, why: string): void => {
    bench.report(`${model.name} ${peer.name} ${protocol}: ${why}`);
    results.problems.push({ peer: peer.name, what: `${model.name} ${protocol}`, why });
  };
  const isKnown = (protocol: Protocol): boolean =>
    results.problems.some(({ peer: name, what }) => name === peer.name && what === `${model.name} ${protocol}`);
  const spoken = bench.protocols.filter((protocol) => peer.dialects[protocol] !== undefined && !isKnown(protocol));
  if (spoken.length === 0) return;
  try {
    await withPeer(bench, peer, model, async (started) => {
      await firstInferenceMs(started, expected);
      // The other way round each time, too: what a server has seen before changes how its code is compiled.
      for (const protocol of turn % 2 === 0 ? spoken : spoken.toReversed()) {
        const dialect = peer.dialects[protocol];
        if (dialect === undefined) continue;
        try {
          results.cells.push(...(await measureProtocol(bench, started, protocol, dialect, expected, turn)));
        } catch (error) {
          say(protocol, messageOf(error));
        }
      }
    });
  } catch (error) {
    // Not remembered for a protocol: the next turn tries again.
    say("start", messageOf(error));
  }
}

const warmUp = { connections: 8, seconds: 1 };

async function measureProtocol(
  bench: Bench,
  started: StartedPeer,
  protocol: Protocol,
  dialect: Dialect,
  expected: Outputs,
  turn: number,
): Promise<readonly CellReading[]> {
  const { peer, model, addresses, process } = started;
  const request = requestOf(model, dialect);
  const bodyFile = join(bench.scratch, `${peer.name}-${model.name}-${protocol}`);
  await writeFile(bodyFile, request.body);
  const load = { addresses, dialect, request, bodyFile };
  const found: CellReading[] = [];
  for (const connections of bench.connections) {
    if (peer.isBatching && connections === 1) continue;
    const problem = await checkAnswer(started, dialect, request, expected);
    if (problem !== undefined) throw new Error(`not spoken: ${problem}`);
    if (found.length === 0) await runLoad({ ...load, ...warmUp });
    const window = await measureWindow(process.pid, { ...load, connections, seconds: bench.seconds });
    found.push({ model: model.name, peer: peer.name, protocol, connections, turn, ...window });
    bench.report(
      `${model.name} turn ${turn + 1}: ${peer.name} ${protocol} c${connections}: ${window.perSecond.toFixed(1)}/s, ` +
        `p50 ${window.p50Ms} ms, p99 ${window.p99Ms} ms, CPU ${window.cpuMs.toFixed(3)} ms, ` +
        `${window.failed} failed, others ${window.othersCores.toFixed(2)} cores`,
    );
  }
  return found;
}
