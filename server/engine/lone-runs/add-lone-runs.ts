import type { Session, SessionSettings } from "../session/session.ts";
import { openSession } from "../session/session.ts";
import { type LoneRunsDecision, withLoneRuns } from "./lone-session.ts";
import { onlyRunSlot, type RunSlotPlace, runSlotAt } from "./run-slots.ts";

export interface LoneRunsSettings {
  /** Of a run that is the only one in its pod. */
  readonly threads: number;
  /** Undefined: there is one shard. */
  readonly slot: RunSlotPlace | undefined;
  /** Runs that take longer are not made twice to find out, and a model that loads longer is not loaded twice. */
  readonly longestTrialSeconds: number;
  /** Private memory of the shard up to which it may take as much again; undefined: no limit is set. */
  readonly roomUpToBytes: number | undefined;
}

export interface LoneRunsEdge {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Monotonic, milliseconds; one clock for all processes of the machine. */
  readonly machineNow: () => number;
  /** That the process has for itself. */
  readonly privateBytes: () => number;
  /** That the session took to open. */
  readonly loadMilliseconds: number;
  readonly later: (task: () => void) => void;
  readonly onDecided: (decision: LoneRunsDecision) => void;
}

/** `lone`: undefined where all runs use the same threads. `settings`: what the session was opened with. */
export function addLoneRuns(
  session: Session,
  settings: SessionSettings,
  lone: LoneRunsSettings | undefined,
  { variables, machineNow, privateBytes, loadMilliseconds, later, onDecided }: LoneRunsEdge,
): Session {
  // On another provider threads are not what a run takes its time for.
  if (lone === undefined || session.provider !== "cpu") return session;
  // Requests wait while the second session is opened, and to who has sent them that is a part of their run.
  if (loadMilliseconds > lone.longestTrialSeconds * 1000) return session;
  return withLoneRuns({
    session,
    openWide: () => openSession({ ...settings, intraOpThreads: lone.threads, providers: ["cpu"] }, variables),
    loadMilliseconds,
    hasRoom: () => lone.roomUpToBytes === undefined || privateBytes() <= lone.roomUpToBytes,
    slot: lone.slot === undefined ? onlyRunSlot : runSlotAt(lone.slot, machineNow),
    now: machineNow,
    later,
    longestTrialSeconds: lone.longestTrialSeconds,
    onDecided,
  });
}
