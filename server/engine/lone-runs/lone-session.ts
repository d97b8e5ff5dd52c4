import type { Tensor } from "../../tensor.ts";
import type { EngineFailure } from "../run.ts";
import type { Session, SessionOutcome, SessionRun } from "../session/session.ts";
import { areSameBits } from "../are-same-bits.ts";
import { createProvenShapes } from "./proven-shapes.ts";
import type { RunSlot } from "./run-slots.ts";

export interface LoneRunsOptions {
  /** The model with the threads that a run has beside others. */
  readonly session: Session;
  /** Loads it once more, with the threads of all cores; blocks until it is there. */
  readonly openWide: () => Session | ({ readonly ok: false } & EngineFailure);
  /** That the first session took to load. */
  readonly loadMilliseconds: number;
  readonly slot: RunSlot;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** Calls back when what is under way has been answered. */
  readonly later: (task: () => void) => void;
  /**
   * Whether the process may take as much again as it has taken so far. Each session keeps what its largest run needed, so what
   * the first one has taken is known, and the second takes no more for the same inputs.
   */
  readonly hasRoom: () => boolean;
  /** Runs that take longer are not made twice. */
  readonly longestTrialSeconds: number;
  /** Told of each decision. */
  readonly onDecided: (decision: LoneRunsDecision) => void;
}

export interface LoneRunsDecision {
  readonly pays: boolean;
  /** Of a run with one session's threads over one with all cores'; undefined: the second session could not be loaded, or not run. */
  readonly gain: number | undefined;
  /** Both give the same bits. */
  readonly isSame: boolean;
}

/** Shorter runs gain nothing by other threads, which have to be woken. */
const leastMilliseconds = 1;
/** Runs that were alone, before the model is loaded once more: more than those of a warm-up, which must not wait for that. */
const runsBeforeOpening = 8;
/** Requests wait while the second session is loaded: for so long, or for so many of the runs that it is loaded for. */
const longestStop = { milliseconds: 1000, runs: 10 };
/** Runs made with both sessions, first of all and of each shape. The first one of a new session makes its buffers. */
const trials = 8;
/** Less, and the cores are better left to others. */
const leastGain = 1.2;
/** Inputs that are so much smaller than those of the trials are run as beside others. */
const leastShare = 0.5;
/** Runs so much longer than those of the trials are another matter, which is tried anew. */
const longerFactor = 4;
/** So is what is found out when others of the machine are less busy: after so long, each time four times as long. */
const firstRestMilliseconds = 10_000;
const restFactor = 4;
/** A trial loads the model. */
const mostTrials = 5;

/**
 *     waiting   runs are alone, and long enough   -> opening
 *     opening   the second session is there       -> trying     it cannot be loaded                    -> never
 *     trying    the same bits, so much faster     -> wide       not so                                 -> narrow
 *     wide      other bits of another shape, or it refuses what the first session takes                -> never
 *     narrow    a run takes four times as long as those that were tried, or some time has passed       -> waiting
 */
type Stage =
  | { readonly kind: "waiting"; seen: number }
  | { readonly kind: "opening" | "never" }
  | { readonly kind: "trying"; readonly wide: Session; readonly tried: Trial[] }
  | { readonly kind: "wide"; readonly wide: Session; readonly leastElements: number }
  | { readonly kind: "narrow"; readonly longerMilliseconds: number; readonly until: number };

interface Trial {
  readonly elements: number;
  readonly narrowMilliseconds: number;
  readonly wideMilliseconds: number;
  readonly isSame: boolean;
}

/**
 * A session whose runs use all cores while no other shard of the pod runs anything. Threads beside other runs cost more than
 * they give, so that a shard for each core serves the most; but a client that is alone has one of them for itself, and waits
 * for it while the others idle. Whether all cores make a run faster, and give the same bits, is found out with requests:
 * what a model is asked for is not known before. That the bits are the same is found out for each shape of inputs.
 */
export function withLoneRuns(options: LoneRunsOptions): Session {
  const { session, slot, now } = options;
  let stage: Stage = { kind: "waiting", seen: 0 };
  let timesTried = 0;
  /** Whether runs take long enough to tell the other shards of them. */
  let isLong = false;
  /** Of the last run with few threads: what another shard does between two runs takes no longer. */
  let lastMilliseconds = leastMilliseconds;
  const shapes = createProvenShapes(trials);
  /** Of the inputs that the second session may try: the first has run as large ones, and there was room for it. */
  let mostElements = 0;

  const open = (): void => {
    // Closed meanwhile.
    if (stage.kind !== "opening") return;
    const wide = options.hasRoom() ? options.openWide() : noRoom;
    if (wide.ok) {
      stage = { kind: "trying", wide, tried: [] };
      return;
    }
    stage = { kind: "never" };
    options.onDecided({ pays: false, gain: undefined, isSame: true });
  };

  /** Asks again for inputs that are larger than all before. */
  const isRoomFor = (elements: number): boolean => {
    if (elements > mostElements) {
      if (!options.hasRoom()) return false;
      mostElements = elements;
    }
    return true;
  };

  const giveUp = (wide: Session): void => {
    wide.close();
    stage = { kind: "never" };
    options.onDecided({ pays: false, gain: undefined, isSame: false });
  };

  const measured = (run: SessionRun, inputs: Inputs, outputs: Outputs): Measured => {
    const begun = now();
    const outcome = run(inputs, outputs);
    return { outcome, milliseconds: now() - begun };
  };

  const decide = (tried: readonly Trial[], wide: Session): Stage => {
    const [, ...settled] = tried;
    const gain = best(settled, "narrowMilliseconds") / best(settled, "wideMilliseconds");
    const isSame = tried.every((trial) => trial.isSame);
    const pays = isSame && gain >= leastGain;
    options.onDecided({ pays, gain, isSame });
    if (pays)
      return { kind: "wide", wide, leastElements: leastShare * Math.min(...tried.map(({ elements }) => elements)) };
    wide.close();
    timesTried += 1;
    if (timesTried === mostTrials || !isSame) return { kind: "never" };
    return {
      kind: "narrow",
      longerMilliseconds: longerFactor * Math.max(...tried.map((trial) => trial.narrowMilliseconds)),
      until: now() + firstRestMilliseconds * restFactor ** (timesTried - 1),
    };
  };

  const consider = ({ outcome, milliseconds }: Measured, inputs: Inputs, outputs: Outputs): void => {
    if (outcome.kind !== "done" || milliseconds < leastMilliseconds || !slot.isAlone(lastMilliseconds)) return;
    if (stage.kind === "narrow" && (milliseconds >= stage.longerMilliseconds || now() >= stage.until)) {
      stage = { kind: "waiting", seen: 0 };
    }
    if (stage.kind === "waiting") {
      if (options.loadMilliseconds > Math.max(longestStop.milliseconds, longestStop.runs * milliseconds)) return;
      stage.seen += 1;
      if (stage.seen < runsBeforeOpening) return;
      stage = { kind: "opening" };
      options.later(open);
      return;
    }
    if (stage.kind !== "trying" && !(isFor(stage, inputs) && shapes.isOpen(inputs))) return;
    const elements = elementsOf(inputs);
    if (milliseconds > options.longestTrialSeconds * 1000 || !isRoomFor(elements)) return;
    const { wide } = stage;
    const other = measured(wide.run, inputs, outputs);
    const isSame = other.outcome.kind === "done" && areSameBits(outcome.outputs, other.outcome.outputs);
    if (isSame) shapes.add(inputs);
    if (stage.kind === "wide") {
      if (!isSame) giveUp(wide);
      return;
    }
    // Somebody came in between, and had a part of the cores.
    if (!slot.isAlone(milliseconds + other.milliseconds)) return;
    const { tried } = stage;
    tried.push({ elements, narrowMilliseconds: milliseconds, wideMilliseconds: other.milliseconds, isSame });
    if (tried.length === trials) stage = decide(tried, wide);
  };

  const runNarrow: SessionRun = (inputs, outputs) => {
    const run = measured(session.run, inputs, outputs);
    isLong = run.milliseconds >= leastMilliseconds;
    lastMilliseconds = run.milliseconds;
    if (stage.kind === "waiting" || stage.kind === "opening") mostElements = Math.max(mostElements, elementsOf(inputs));
    if (stage.kind !== "opening" && stage.kind !== "never") consider(run, inputs, outputs);
    return run.outcome;
  };

  /** What it refuses may be its own matter, as memory is: the same request is to have the same answer, alone or not. */
  const runWide = (wide: Session, inputs: Inputs, outputs: Outputs): SessionOutcome => {
    const outcome = wide.run(inputs, outputs);
    if (outcome.kind === "done") return outcome;
    const other = runNarrow(inputs, outputs);
    if (other.kind === "done") giveUp(wide);
    return other;
  };

  const runTold: SessionRun = (inputs, outputs) => {
    slot.begin();
    try {
      return isFor(stage, inputs) && shapes.isProven(inputs) && slot.isAlone(lastMilliseconds)
        ? runWide(stage.wide, inputs, outputs)
        : runNarrow(inputs, outputs);
    } finally {
      slot.end();
    }
  };

  return {
    ...session,
    run: (inputs, outputs) => (isLong ? runTold : runNarrow)(inputs, outputs),
    close() {
      if (stage.kind === "trying" || stage.kind === "wide") stage.wide.close();
      stage = { kind: "never" };
      session.close();
    },
  };
}

const noRoom = { ok: false, reason: "OutOfMemory", message: "There is no room for a second session." } as const;

function isFor(stage: Stage, inputs: readonly Tensor[]): stage is Extract<Stage, { readonly kind: "wide" }> {
  return stage.kind === "wide" && elementsOf(inputs) >= stage.leastElements;
}

type Inputs = Parameters<SessionRun>[0];
type Outputs = Parameters<SessionRun>[1];

interface Measured {
  readonly outcome: SessionOutcome;
  readonly milliseconds: number;
}

/** For each element: whatever else the machine does makes a run longer, never shorter, and requests differ in size. */
function best(tried: readonly Trial[], time: "narrowMilliseconds" | "wideMilliseconds"): number {
  return Math.min(...tried.map((trial) => trial[time] / Math.max(1, trial.elements)));
}

function elementsOf(inputs: readonly Tensor[]): number {
  let elements = 0;
  for (const { data } of inputs) elements += data.length;
  return elements;
}
