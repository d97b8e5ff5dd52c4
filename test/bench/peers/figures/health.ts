import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { paths } from "../../../../server/contract.ts";
import { probe, probeOnce } from "../../server/probe.ts";
import { type Spread, spreadOf } from "../../spread.ts";
import { type Bench, messageOf, type Problem } from "../bench.ts";
import { placeRequest } from "../cells.ts";
import { runLoad } from "../load/run-load.ts";
import { benchModels, largeModel, meanModel, type Model } from "../model.ts";
import type { Peer } from "../peer.ts";
import { withIdleServer } from "../process/idle-server.ts";
import { rawOutputs } from "../raw.ts";
import { firstInferenceMs, type StartedPeer, withPeer } from "../started-peer.ts";
import { requestOf } from "../wire/request.ts";

export interface HealthReading {
  readonly peer: string;
  readonly during: "conv224 under load" | "553 MB load" | "64 MiB body";
  readonly latencyMs: Spread;
  /** Of probes of a process that does nothing else, sent between the others: what the machine itself takes meanwhile. */
  readonly idleMs: Spread;
  /** Probes that were not answered as they should be. */
  readonly failed: number;
}

const everyMs = 20;
const probeSeconds = 8;
/** The server's largest body (SLIPWAY_BODY_LIMIT_BYTES, 64 MiB) and a little less. */
const bodyBytes = 64 * 2 ** 20 - 4_096;

/** Readiness under load and while a large body is read; liveness while a model loads, when nothing is ready yet. */
export function measureHealth(bench: Bench, problems: Problem[]): Promise<readonly HealthReading[]> {
  return withIdleServer(bench, (idleUrl) => measureAll(bench, problems, idleUrl));
}

async function measureAll(bench: Bench, problems: Problem[], idleUrl: string): Promise<readonly HealthReading[]> {
  const readings: HealthReading[] = [];
  const take = async (peer: Peer, during: HealthReading["during"], work: () => Promise<Probes>): Promise<void> => {
    try {
      const probes = await work();
      readings.push({ peer: peer.name, during, ...probes });
      const { latencyMs, idleMs, failed } = probes;
      bench.report(
        `health of ${peer.name}, ${during}: p99 ${latencyMs.p99} ms of ${latencyMs.count}, ${failed} failed, ` +
          `idle process ${idleMs.p99} ms`,
      );
    } catch (error) {
      problems.push({ peer: peer.name, what: `health, ${during}`, why: messageOf(error) });
    }
  };
  const [pictures] = benchModels().filter(({ name }) => name === "conv224");
  for (const peer of bench.peers.filter(({ isBatching }) => !isBatching))
    if (pictures !== undefined)
      await take(peer, "conv224 under load", () =>
        probeUnderLoad(bench, peer, idleUrl, { model: pictures, connections: 8, body: requestBody(pictures, peer) }),
      );
  for (const peer of bench.peers.filter(({ kind }) => kind === "slipway")) {
    await take(peer, "553 MB load", () => probeWhileLoading(bench, peer, idleUrl));
    await take(peer, "64 MiB body", () =>
      probeUnderLoad(bench, peer, idleUrl, { model: meanModel(1), connections: 1, body: largestBody() }),
    );
  }
  return readings;
}

type Probes = Pick<HealthReading, "latencyMs" | "idleMs" | "failed">;

interface Pressure {
  readonly model: Model;
  readonly connections: number;
  readonly body: Uint8Array;
}

function requestBody(model: Model, peer: Peer): Uint8Array {
  return requestOf(model, peer.dialects.json ?? { kind: "v2-json" }).body;
}

/** Rows of 0.5 for the model that answers their mean: four bytes a number, so as many numbers as a body can hold. */
function largestBody(): Uint8Array {
  const rows = Math.floor(bodyBytes / 16);
  const numbers = "0.5,".repeat(rows * 4).slice(0, -1);
  return Buffer.from(`{"inputs":[{"name":"x","datatype":"FP32","shape":[${rows},4],"data":[${numbers}]}]}`);
}

async function probeUnderLoad(
  bench: Bench,
  peer: Peer,
  idleUrl: string,
  { model, connections, body }: Pressure,
): Promise<Probes> {
  const expected = await rawOutputs(bench, model, await placeRequest(bench, model));
  return withPeer(bench, peer, model, async (started) => {
    await firstInferenceMs(started, expected);
    const { addresses } = started;
    const dialect = peer.dialects.json ?? { kind: "v2-json" };
    const request = { ...requestOf(model, dialect), body };
    const bodyFile = join(bench.scratch, "health-body");
    await writeFile(bodyFile, body);
    const load = runLoad({ addresses, dialect, request, bodyFile, connections, seconds: probeSeconds + 2 });
    // The load is under way when the first probe is sent, and goes on until after the last.
    await delay(1_000);
    const often = { everyMs, seconds: probeSeconds };
    const [{ latencyMs, outcomes }, idle] = await Promise.all([
      probe(readyUrl(started), often),
      delay(everyMs / 2).then(() => probe(idleUrl, often)),
    ]);
    const { requests, failed } = await load;
    if (requests === 0 || failed > 0) throw new Error(`${requests} requests of the load answered, ${failed} failed`);
    return { latencyMs, idleMs: idle.latencyMs, failed: (probeSeconds * 1_000) / everyMs - (outcomes["200"] ?? 0) };
  });
}

/** From the first probe that is answered, as the kubelet's are worth nothing before, to the first right prediction. */
async function probeWhileLoading(bench: Bench, peer: Peer, idleUrl: string): Promise<Probes> {
  const model = largeModel();
  const expected = await rawOutputs(bench, model, await placeRequest(bench, model));
  return withPeer(bench, peer, model, async (started) => {
    const url = `http://127.0.0.1:${started.addresses.http}${paths.live}`;
    const loading = new AbortController();
    const loaded = firstInferenceMs(started, expected).finally(() => loading.abort());
    loaded.catch(() => undefined);
    const probes: Promise<Probed>[] = [];
    const idles: Promise<Probed>[] = [];
    while (!loading.signal.aborted && (await probeOnce(url)) !== "200") await delay(everyMs);
    for (; !loading.signal.aborted; await delay(everyMs / 2)) {
      probes.push(timedProbe(url));
      await delay(everyMs / 2);
      idles.push(timedProbe(idleUrl));
    }
    await loaded;
    const [latencyMs, idleMs] = [await goodSpread(probes), await goodSpread(idles)];
    return { latencyMs, idleMs, failed: probes.length - latencyMs.count };
  });
}

interface Probed {
  readonly outcome: string;
  readonly ms: number;
}

async function timedProbe(url: string): Promise<Probed> {
  const sentMs = performance.now();
  const outcome = await probeOnce(url);
  return { outcome, ms: performance.now() - sentMs };
}

async function goodSpread(probes: readonly Promise<Probed>[]): Promise<Spread> {
  const good = (await Promise.all(probes)).filter(({ outcome }) => outcome === "200");
  return spreadOf(good.map(({ ms }) => ms));
}

function readyUrl({ peer, addresses }: StartedPeer): string {
  return `http://127.0.0.1:${addresses.http}${peer.readyPath}`;
}
