import { isProblem } from "../errors.ts";
import { goTogether, join, rowsOf, split } from "./batching/batch.ts";
import { measureBatches } from "./batching/measure-batches.ts";
import { createQueue, type Job } from "./queue.ts";
import type { Engine, EngineFailure, RunInputs, RunOutcome } from "./run.ts";
import type { RunWatch, Standing } from "./run-watch.ts";
import type { Session, SessionOutcome } from "./session/session.ts";

export interface InPlaceEngineOptions {
  /** Loads the model; blocks until it is there. */
  readonly open: () => Session | ({ readonly ok: false } & EngineFailure);
  /** What requests are run with, of what was opened. */
  readonly adapt: (session: Session) => Session;
  /** Requests that may wait. */
  readonly queueLimit: number;
  readonly queueSeconds: number;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  readonly watch: RunWatch;
  /** Calls back in a later turn of the event loop, after what has come in from outside. */
  readonly nextTurn: (turn: () => void) => void;
  /** How long the first of a batch may wait for others; 0: nobody is kept waiting. */
  readonly batchDelayMilliseconds: number;
  /** Calls back after so long, unless it is called off by what it returns. */
  readonly later: (milliseconds: number, turn: () => void) => () => void;
  /** Nobody can come in meanwhile: the request being given is the only one, of the only client. */
  readonly isAlone: () => boolean;
}

export interface InPlaceEngine extends Engine {
  /** Measures what it gains to run waiting requests together, at most `most` rows, and does so from then on. */
  readonly chooseBatches: (shapes: ReadonlyMap<string, readonly number[]>, most: number) => number;
  /** Takes what another engine of the same model has chosen. */
  readonly useBatches: (rows: number) => void;
}

/** Short runs share a turn, which costs more than they do: as many as begin within this time. */
const turnMilliseconds = 0.5;

/** A request that is about to run. */
interface Ready extends Decoded, Standing {}

interface Decoded {
  readonly job: Job;
  readonly inputs: RunInputs;
}

/**
 * One session on the thread that also reads and answers: no hop, which would cost more than a short run. One run, or some
 * short ones, for each turn of the event loop, first come, first served, so that what has arrived on all connections is
 * read between two runs and none of them is served twice before another is served once. It saves as well: answers that
 * leave together wake their clients once, which for eight clients of a short model halves the processor time of a request.
 * Requests that wait are run together where that pays. Nobody is kept waiting for others to come, unless the user says how
 * long; and who is alone is served at once.
 */
export function createInPlaceEngine(options: InPlaceEngineOptions): InPlaceEngine {
  const { now } = options;
  // The one that runs next is in the queue, too, until its turn comes, and waits for nobody.
  const queue = createQueue({ limit: options.queueLimit + 1, seconds: options.queueSeconds, now });
  /** As it was opened; and what runs requests. */
  let session: Session | undefined;
  let serving: Session | undefined;
  let batchRows = 1;
  let runs = 0;
  let isTurnComing = false;
  /** Decoded already, and no part of the batch before it. */
  let next: Decoded | undefined;
  /** A turn is on its way, but later: the first of a batch waits for others. */
  let callOff: (() => void) | undefined;

  const waiting = (): number => queue.size() + (next === undefined ? 0 : 1);

  /** Milliseconds that the batch that begins with the first in the queue may still grow. */
  const patience = (): number => {
    if (options.batchDelayMilliseconds === 0 || batchRows === 1) return 0;
    const first = next?.job ?? queue.oldest();
    if (first === undefined || waiting() >= batchRows) return 0;
    return first.enqueued + options.batchDelayMilliseconds - now();
  };

  const turn = (): void => {
    isTurnComing = false;
    callOff = undefined;
    const left = patience();
    if (left > 0) {
      isTurnComing = true;
      callOff = options.later(left, turn);
      return;
    }
    const until = now() + turnMilliseconds;
    do {
      const first = takeReady();
      if (first === undefined) break;
      if (serving === undefined) first.job.resolve({ kind: "closed" });
      else runBatch(serving, [first, ...companionsOf(first)]);
    } while (now() < until && patience() <= 0);
    if (waiting() > 0) comeAgain();
  };

  const comeAgain = (): void => {
    if (isTurnComing) return;
    isTurnComing = true;
    options.nextTurn(turn);
  };

  const takeReady = (): Ready | undefined => {
    for (let decoded = takeDecoded(); decoded !== undefined; decoded = takeDecoded()) {
      const standing = options.watch.judge(decoded.inputs);
      if (!isProblem(standing)) return { ...decoded, ...standing };
      decoded.job.resolve({ kind: "invalid", problem: standing });
    }
    return undefined;
  };

  const takeDecoded = (): Decoded | undefined => {
    const kept = next;
    next = undefined;
    if (kept !== undefined && !kept.job.request.isAbandoned()) return kept;
    // The bytes that its inputs lie in may be another request's by now.
    kept?.job.resolve({ kind: "abandoned" });
    for (let job = queue.next(); job !== undefined; job = queue.next()) {
      const inputs = job.request.decode();
      if (!isProblem(inputs)) return { job, inputs };
      job.resolve({ kind: "invalid", problem: inputs });
    }
    return undefined;
  };

  const companionsOf = (first: Ready): readonly Ready[] => {
    const companions: Ready[] = [];
    let rows = isSuspect(first) ? undefined : rowsOf(first.inputs);
    while (rows !== undefined && rows < batchRows) {
      const candidate = takeReady();
      if (candidate === undefined) break;
      const more = rowsOf(candidate.inputs);
      const fits = more !== undefined && rows + more <= batchRows && !isSuspect(candidate);
      if (!fits || !goTogether(first.inputs, candidate.inputs)) {
        next = candidate;
        break;
      }
      companions.push(candidate);
      rows += more;
    }
    return companions;
  };

  const runBatch = (running: Session, batch: readonly Ready[]): void => {
    const [first] = batch;
    if (first === undefined) return;
    if (batch.length === 1) return runAlone(running, first);
    const joined = join(batch.map(({ inputs }) => inputs));
    const { outcome, begun, ended } = run(running, batch, joined);
    const rows = batch.map(({ inputs }) => rowsOf(inputs) ?? 0);
    const parts = outcome.kind === "done" ? split(outcome.outputs, rows) : undefined;
    // What one of them is refused for is none of the others' business.
    if (parts === undefined) {
      // Rows that are none by number may be somebody else's when their number happens to be right.
      if (outcome.kind === "done") batchRows = 1;
      for (const ready of batch) runAlone(running, ready);
      return;
    }
    for (const [index, { job }] of batch.entries()) {
      job.resolve(done(parts[index] ?? [], job, begun, ended));
    }
  };

  const runAlone = (running: Session, ready: Ready): void => {
    const { job } = ready;
    const { outcome, begun, ended } = run(running, [ready], ready.inputs);
    job.resolve(outcome.kind === "refused" ? outcome : done(outcome.outputs, job, begun, ended));
  };

  const run = (
    running: Session,
    batch: readonly Ready[],
    { inputs, outputs }: RunInputs,
  ): { readonly outcome: SessionOutcome; readonly begun: number; readonly ended: number } => {
    options.watch.begin(batch[0]?.job.request.id ?? "", batch);
    runs += 1;
    const begun = now();
    const outcome = running.run(inputs, outputs);
    options.watch.end();
    return { outcome, begun, ended: now() };
  };

  return {
    load() {
      const opened = options.open();
      if (opened.ok) {
        session = opened;
        serving = options.adapt(opened);
      }
      return Promise.resolve(opened);
    },

    chooseBatches(shapes, most) {
      batchRows = session === undefined || most === 1 ? 1 : Math.min(most, measureBatches(session, shapes, now).limit);
      return batchRows;
    },

    useBatches(rows) {
      batchRows = rows;
    },

    run(request) {
      return new Promise((resolve) => {
        queue.add({ request, resolve, enqueued: now() });
        if (callOff !== undefined && waiting() >= batchRows) {
          callOff();
          isTurnComing = false;
        }
        if (!isTurnComing && options.isAlone()) turn();
        else comeAgain();
      });
    },

    queued: waiting,
    usable: () => (session === undefined ? 0 : 1),
    runs: () => runs,

    close() {
      serving?.close();
      session = undefined;
      serving = undefined;
      queue.rejectAll("closed");
      return Promise.resolve(true);
    },
  };
}

function isSuspect({ digest }: Standing): boolean {
  return digest !== undefined;
}

function done(
  outputs: Extract<SessionOutcome, { readonly kind: "done" }>["outputs"],
  job: Job,
  begun: number,
  ended: number,
): RunOutcome {
  return { kind: "done", outputs, queueSeconds: (begun - job.enqueued) / 1000, runSeconds: (ended - begun) / 1000 };
}
