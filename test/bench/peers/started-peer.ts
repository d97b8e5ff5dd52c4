import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Bench } from "./bench.ts";
import { modelFileIn } from "./install/install.ts";
import type { Model } from "./model.ts";
import type { Peer } from "./peer.ts";
import { freePorts } from "./process/free-ports.ts";
import { type PeerProcess, startPeerProcess } from "./process/peer-process.ts";
import { differenceOf, type Outputs, outputsOf, type WireAnswer } from "./wire/answer.ts";
import { type Addresses, call } from "./wire/call.ts";
import { type Dialect, requestOf, type WireRequest } from "./wire/request.ts";

/** A peer that listens, or will. */
export interface StartedPeer {
  readonly peer: Peer;
  readonly model: Model;
  readonly process: PeerProcess;
  readonly addresses: Addresses;
  /** performance.now() just before it was started. */
  readonly startedMs: number;
}

/** Lets a peer run for as long as the work takes. */
export async function withPeer<T>(
  bench: Bench,
  peer: Peer,
  model: Model,
  work: (started: StartedPeer) => Promise<T>,
): Promise<T> {
  const [http = 0, grpc = 0, metrics = 0] = await freePorts(3);
  const scratch = await mkdtemp(join(bench.scratch, "peer-"));
  const modelFile = modelFileIn(bench.sources.folder, model.name);
  const command = peer.command({ modelName: model.name, modelFile, http, grpc, metrics, scratch });
  // Nothing is awaited from here to the start: what is started is always among those that are ended.
  bench.signal.throwIfAborted();
  const startedMs = performance.now();
  const process = startPeerProcess(command, join(scratch, "output.log"), bench.running);
  try {
    return await work({ peer, model, process, addresses: { http, grpc }, startedMs });
  } finally {
    await process.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

const pollMs = 20;
/** Of a peer that is still loading: a refused connection, or an answer that says so. */
const loadingMs = 90_000;
/** Of a peer that answers, but not as it should. */
const wrongMs = 10_000;
const loadingStatuses: readonly number[] = [0, 404, 503];

/** Asks until the first right answer, and gives back how long it took since the start; throws where it never comes. */
export async function firstInferenceMs(started: StartedPeer, expected: Outputs): Promise<number> {
  const { peer, model, process, startedMs, addresses } = started;
  const dialect = peer.dialects.json ?? peer.dialects.binary ?? peer.dialects.grpc;
  if (dialect === undefined) throw new Error(`${peer.name} speaks no protocol of the bench`);
  const request = requestOf(model, dialect);
  for (;;) {
    const answer = await call(addresses, dialect, request);
    const elapsedMs = performance.now() - startedMs;
    const problem = problemOf(answer, dialect, expected);
    if (problem === undefined) return elapsedMs;
    const ended = process.ended();
    const patienceMs = loadingStatuses.includes(answer.status) ? loadingMs : wrongMs;
    if (ended !== undefined || elapsedMs > patienceMs) {
      const words = await process.lastWords();
      throw new Error(`no first answer: ${ended ?? problem}${words === "" ? "" : `\n${words}`}`);
    }
    await delay(pollMs);
  }
}

/** Asks once; what is wrong with the answer, in words. */
export async function checkAnswer(
  { addresses }: StartedPeer,
  dialect: Dialect,
  request: WireRequest,
  expected: Outputs,
): Promise<string | undefined> {
  return problemOf(await call(addresses, dialect, request), dialect, expected);
}

function problemOf(answer: WireAnswer, dialect: Dialect, expected: Outputs): string | undefined {
  if (answer.status !== 200)
    return `status ${answer.status}: ${Buffer.from(answer.body).toString().slice(0, quotedCharacters)}`;
  try {
    return differenceOf(expected, outputsOf(dialect, answer));
  } catch (error) {
    return `not an answer of ${dialect.kind}: ${String(error)}`;
  }
}

const quotedCharacters = 160;
