/**
 * Requests that crash the engine again and again while their pod lives: no watch tells of them, as nothing of the pod
 * changes, so each ready pod is asked once a minute, beside the passes and never in their way.
 */
import type { CrashReport } from "../server/contract.ts";
import { type Clock, sleep } from "./kube/clock.ts";
import type { ObservedCrash } from "./plan/observed.ts";

export interface AskedPod {
  readonly uid: string;
  /** Key of its model. */
  readonly model: string;
  /** Its IP. */
  readonly address: string;
}

export interface PodCrashesOptions {
  /** Those that can be asked now. */
  readonly pods: () => readonly AskedPod[];
  /** Never rejects. */
  readonly ask: (address: string) => Promise<CrashReport | undefined>;
  /** Whether this operator is the one that acts. */
  readonly mayAsk: () => boolean;
  /** A model has to be looked at: one of its pods has told of a crash that was not known. */
  readonly onFound: (model: string) => void;
  readonly clock: Clock;
}

export interface PodCrashes {
  start(): void;
  stop(): Promise<void>;
  /** The last one that a pod has told of. */
  of(uid: string): ObservedCrash | undefined;
}

/** Each pod once in so long, or slower where there are more than 1200 of them. */
const roundMs = 60_000;
/** No more than 20 a second: a hundredth of a processor. */
const leastGapMs = 50;

export function createPodCrashes({ pods, ask, mayAsk, onFound, clock }: PodCrashesOptions): PodCrashes {
  const known = new Map<string, ObservedCrash>();
  const over = new AbortController();
  let running: Promise<void> = Promise.resolve();

  const look = async ({ uid, model, address }: AskedPod): Promise<void> => {
    const crash = await ask(address);
    if (crash === undefined) return;
    const { requestId, inputs, message, secondsAgo } = crash;
    const before = known.get(uid);
    // Its time, too, is that of the first look: a later one would count it a little differently.
    if (before?.requestId === requestId && before.inputs === inputs) return;
    known.set(uid, { requestId, inputs, message, at: clock.now() - 1000 * secondsAgo });
    onFound(model);
  };

  const round = async (): Promise<void> => {
    const asked = mayAsk() ? pods() : [];
    const living = new Set(asked.map(({ uid }) => uid));
    for (const uid of known.keys()) if (!living.has(uid)) known.delete(uid);
    const gapMs = Math.max(leastGapMs, roundMs / Math.max(1, asked.length));
    for (const pod of asked) {
      void look(pod);
      await sleep(clock, gapMs, over.signal);
    }
    if (asked.length === 0) await sleep(clock, roundMs, over.signal);
  };

  const run = async (): Promise<void> => {
    try {
      for (;;) await round();
    } catch (error) {
      if (!over.signal.aborted) throw error;
    }
  };

  return {
    start() {
      running = run();
    },
    async stop() {
      over.abort();
      await running;
    },
    of: (uid) => known.get(uid),
  };
}
