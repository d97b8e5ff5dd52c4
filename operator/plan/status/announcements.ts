import type { Drift, Status } from "../../api/model.ts";
import type { ContestDecision } from "../children/contest.ts";
import { isContested, rivalText } from "../children/contest.ts";
import { type Fleet, fleetOfVersion } from "../pods/fleet.ts";
import type { Limits } from "../rollout/limits.ts";
import type { DigestRecord } from "../revision/record.ts";
import type { RolloutDecision } from "../rollout/rollout.ts";
import { fellBack } from "./version-provider.ts";

/** An Event about the model. Reasons are listed in docs/reference; each says what has changed in this pass. */
export interface Announcement {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

export interface AnnouncementInputs {
  readonly before: Status | undefined;
  readonly after: Status;
  readonly decision: RolloutDecision;
  readonly target: { readonly revision: string; readonly version: string };
  readonly contests: readonly ContestDecision[];
  readonly drift: readonly Drift[];
  readonly record: DigestRecord;
  readonly limits: Limits;
  readonly fleets: ReadonlyMap<string, Fleet>;
  /** Place of a revision in the history; undefined when it is not in it yet. */
  readonly numberOf: (revision: string) => number | undefined;
  readonly now: number;
}

export function announcements(inputs: AnnouncementInputs): Announcement[] {
  return rules.flatMap((rule) => rule(inputs));
}

const rules: readonly ((inputs: AnnouncementInputs) => Announcement[])[] = [
  begun,
  resolved,
  moved,
  refused,
  ended,
  taken,
  rejected,
  putBack,
  contested,
];

/** Of a first start there is nothing to tell: that it began is what the user just did, and its end is told. */
function begun({ before, decision, target }: AnnouncementInputs): Announcement[] {
  const changes = decision.current !== undefined && decision.current !== target.revision;
  if (!changes || decision.progress === undefined || before?.rollout?.revision === target.revision) return [];
  const from = before?.currentVersion === undefined ? "" : ` from ${before.currentVersion}`;
  const message = `bringing up ${target.version} (revision ${target.revision})${from}`;
  return [{ type: "Normal", reason: "RolloutStarted", message }];
}

function resolved({ record }: AnnouncementInputs): Announcement[] {
  return record.found.map((name) => ({
    type: "Normal",
    reason: "DigestRecorded",
    message: `version ${name} is ${record.known[name]} from now on`,
  }));
}

/** Told once for each thing that there is to tell, not for each pod that finds it out. */
function moved({ before, fleets, target }: AnnouncementInputs): Announcement[] {
  const versions = new Set([...fleets.values()].map(({ version }) => version));
  return [...versions].flatMap((version): Announcement[] => {
    const warning = fleetOfVersion(fleets, version, target.revision)?.report?.warning;
    const told = before?.versions?.find(({ name }) => name === version)?.warning;
    if (warning === undefined || warning === told) return [];
    return [{ type: "Warning", reason: "SourceChanged", message: `version ${version}: ${warning}` }];
  });
}

/** Told with the first pod of a revision that falls back, and not for each one that does. */
function refused({ before, after }: AnnouncementInputs): Announcement[] {
  return (after.versions ?? []).flatMap((version): Announcement[] => {
    const { name, provider } = version;
    const known = before?.versions?.find((other) => other.name === name);
    if (!fellBack(version) || fellBack(known)) return [];
    const message = `version ${name} runs on ${provider}: a pod could not use the GPU, and its log says why`;
    return [{ type: "Warning", reason: "ProviderRefused", message }];
  });
}

/** Each by its own, as it is replaced within seconds and nothing else may ever tell of it. */
function ended({ before, after }: AnnouncementInputs): Announcement[] {
  const { pod, reason, message, version } = after.lastFailure ?? {};
  const isEnd = reason === "Evicted" || reason === "PodFailed";
  if (!isEnd || pod === undefined || before?.lastFailure?.pod === pod) return [];
  return [{ type: "Warning", reason, message: `pod ${pod} of ${version}: ${message}` }];
}

function taken({ before, decision, target, fleets, limits, numberOf }: AnnouncementInputs): Announcement[] {
  if (decision.current === undefined || before?.currentRevision === decision.current) return [];
  const ready = fleets.get(decision.current)?.ready ?? 0;
  const [now, then] = [numberOf(decision.current), numberOf(before?.currentRevision ?? "")];
  const reason = now !== undefined && then !== undefined && now < then ? "RolledBack" : "RolloutCompleted";
  const version = decision.current === target.revision ? target.version : fleets.get(decision.current)?.version;
  return [{ type: "Normal", reason, message: `${version} (revision ${decision.current}) ${presence(ready, limits)}` }];
}

function presence(ready: number, { replicas }: Limits): string {
  if (replicas === 0) return "takes over with no pods, as spec.replicas is 0";
  return ready < replicas ? `serves, with ${ready} of ${replicas} pods so far` : "serves";
}

function rejected({ before, decision, target }: AnnouncementInputs): Announcement[] {
  const now = decision.rejected;
  if (now === undefined || before?.rejected?.revision === now.revision) return [];
  const retry = "change the spec or set spec.rollout.retryToken to try again";
  return [{ type: "Warning", reason: now.reason, message: `${target.version} is given up: ${now.message}; ${retry}` }];
}

function putBack({ contests }: AnnouncementInputs): Announcement[] {
  return contests
    .filter(({ correct }) => correct)
    .map(({ drift }) => {
      const who = drift.manager === undefined ? "" : ` by ${drift.manager}`;
      const hint = drift.field.includes("restartedAt") ? ": to restart the pods, set spec.restartToken" : "";
      const message = `${drift.object} ${drift.field} was changed${who} and put back${hint}`;
      return { type: "Normal", reason: "DriftCorrected", message };
    });
}

function contested({ before, drift, now }: AnnouncementInputs): Announcement[] {
  const known = before?.conditions?.find(({ type }) => type === "Contested")?.status === "True";
  const fight = drift.find(({ times }) => isContested(times, now));
  if (known || fight === undefined) return [];
  const message = `${fight.object} ${fight.field} is changed again and again by ${rivalText(fight)}; put back every five minutes from now on`;
  return [{ type: "Warning", reason: "FieldContested", message }];
}
