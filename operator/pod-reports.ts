/**
 * What pods tell of themselves while they live: requests that crash the engine again and again, and what runs the model. No
 * watch tells of it, as nothing of the pod changes, so each ready pod is asked once a minute, beside the passes and never in
 * their way.
 */
import { type Clock, sleep } from "./kube/clock.ts";
import type { ObservedReport } from "./plan/observed.ts";
import type { AskedReport } from "./pod-report.ts";

export interface AskedPod {
  readonly uid: string;
  /** Key of its model. */
  readonly model: string;
  /** Its IP. */
  readonly address: string;
}

export interface PodReportsOptions {
  /** Those that can be asked now. */
  readonly pods: () => readonly AskedPod[];
  /** Of all pods, also of those that cannot be asked now. */
  readonly uids: () => ReadonlySet<string>;
  /** Never rejects. */
  readonly ask: (address: string) => Promise<AskedReport>;
  /** Whether this operator is the one that acts. */
  readonly mayAsk: () => boolean;
  /** A model has to be looked at: one of its pods has told something that was not known of it. */
  readonly onFound: (model: string) => void;
  readonly clock: Clock;
}

export interface PodReports {
  start(): void;
  stop(): Promise<void>;
  /** The last of each that a pod has told; empty where it has told nothing. */
  of(uid: string): ObservedReport;
}

/** Each pod once in so long, or slower where there are more than 1200 of them. */
const roundMs = 60_000;
/** No more than 20 a second: a hundredth of a processor. */
const leastGapMs = 50;
const nothing: ObservedReport = {};

export function createPodReports({ pods, uids, ask, mayAsk, onFound, clock }: PodReportsOptions): PodReports {
  const known = new Map<string, ObservedReport>();
  const over = new AbortController();
  let running: Promise<void> = Promise.resolve();

  const look = async ({ uid, model, address }: AskedPod): Promise<void> => {
    const asked = await ask(address);
    const before = known.get(uid) ?? nothing;
    const after = { ...before, ...newIn(asked, before, clock.now()) };
    if (after.repeatedCrash === before.repeatedCrash && after.provider === before.provider) return;
    known.set(uid, after);
    onFound(model);
  };

  const round = async (): Promise<void> => {
    const asked = mayAsk() ? pods() : [];
    const living = uids();
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
    of: (uid) => known.get(uid) ?? nothing,
  };
}

/** What a pod tells no more, or could not be asked for, is as it was. */
function newIn({ crash, provider }: AskedReport, { repeatedCrash }: ObservedReport, now: number): ObservedReport {
  // The time of a crash, too, is that of the first look: a later one would count it a little differently.
  const isKnown = crash?.requestId === repeatedCrash?.requestId && crash?.inputs === repeatedCrash?.inputs;
  return {
    ...(crash === undefined || isKnown ? {} : { repeatedCrash: observedCrash(crash, now) }),
    ...(provider === undefined ? {} : { provider }),
  };
}

function observedCrash(
  { requestId, inputs, message, secondsAgo }: NonNullable<AskedReport["crash"]>,
  now: number,
): NonNullable<ObservedReport["repeatedCrash"]> {
  return { requestId, inputs, message, at: now - 1000 * secondsAgo };
}
