import { type JsonObject, stringsAt } from "../../api/json.ts";
import { kinds } from "../../api/kinds.ts";
import { childAnnotations, labels } from "../../api/names.ts";
import { controllerRevision } from "../../build/controller-revision.ts";
import { deployment } from "../../build/deployment.ts";
import { absentBehavior, horizontalPodAutoscaler } from "../../build/horizontal-pod-autoscaler.ts";
import { networkPolicy } from "../../build/network-policy.ts";
import { podDisruptionBudget } from "../../build/pod-disruption-budget.ts";
import { service } from "../../build/service.ts";
import { versionsRecord } from "../../build/versions.ts";
import { type ChildPlan, planChild } from "./children.ts";
import { type Fleet, revisionOfChild } from "../pods/fleet.ts";
import { nextRevisionNumber } from "../revision/history.ts";
import type { Observed } from "../observed.ts";
import type { DigestRecord } from "../revision/record.ts";
import type { Revision } from "../revision/revision.ts";
import type { RolloutDecision } from "../rollout/rollout.ts";
import { templateOf } from "../revision/template.ts";

export interface DesiredInputs {
  readonly observed: Observed;
  readonly decision: RolloutDecision;
  readonly fleets: ReadonlyMap<string, Fleet>;
  readonly target: Revision;
  readonly record: Pick<DigestRecord, "known" | "pins">;
}

/** Every object that the model should have, each with the write that it needs. */
export function childPlans(inputs: DesiredInputs): ChildPlan[] {
  return [
    versions(inputs),
    ...history(inputs),
    ...deployments(inputs),
    front(inputs),
    budget(inputs),
    ...scaler(inputs),
    ...policy(inputs),
  ];
}

/** Made when there is something to record. */
function versions({ observed, record }: DesiredInputs): ChildPlan {
  if (observed.versions === undefined && Object.keys(record.known).length === 0)
    return { write: undefined, contests: [] };
  return planChild({
    ...circumstances(observed),
    kind: kinds.configMap,
    phase: "prepare",
    desired: versionsRecord(observed.model.metadata, record.known, record.pins),
    observed: observed.versions,
  });
}

/** A ControllerRevision cannot be edited, so there is only making the ones that are missing. */
function history(inputs: DesiredInputs): ChildPlan[] {
  const { observed, decision, target } = inputs;
  const known = new Set(observed.controllerRevisions.map(revisionOfChild));
  const first = nextRevisionNumber(observed.controllerRevisions);
  return [...decision.replicas.keys()]
    .filter((revision) => !known.has(revision))
    .flatMap((revision, index) => {
      const template = templateOf(observed, revision, target);
      if (template === undefined) return [];
      const data = { inputs: revision === target.hash ? target.inputs : {}, template };
      const version = versionOf(template);
      return planChild({
        ...circumstances(observed),
        kind: kinds.controllerRevision,
        phase: "prepare",
        desired: controllerRevision(observed.model.metadata, revision, version, first + index, data),
        observed: undefined,
        fixed: true,
      });
    });
}

/** Growing is part of preparing the new traffic, shrinking comes after it. */
function deployments(inputs: DesiredInputs): ChildPlan[] {
  const { observed, decision, fleets, target } = inputs;
  return [...decision.replicas].flatMap(([revision, replicas]) => {
    const template = templateOf(observed, revision, target);
    if (template === undefined) return [];
    const fleet = fleets.get(revision);
    return planChild({
      ...circumstances(observed),
      kind: kinds.deployment,
      phase: replicas < (fleet?.desired ?? 0) ? "release" : "prepare",
      desired: deployment(observed.model.metadata, revision, versionOf(template), template, replicas),
      observed: fleet?.deployment,
      exact: ["spec.template.metadata.annotations", "spec.template.metadata.labels"],
      ours: ["spec"],
    });
  });
}

function front({ observed, decision }: DesiredInputs): ChildPlan {
  const { metadata, spec } = observed.model;
  const known = stringsAt(observed.service?.object, "metadata", "annotations");
  const fromSpec = (known[childAnnotations.fromSpec] ?? "").split(",");
  return planChild({
    ...circumstances(observed),
    kind: kinds.service,
    phase: "route",
    desired: service(metadata, spec.service, decision.selector),
    observed: observed.service,
    exact: ["spec.selector"],
    // Not all of it: what hands out addresses to Services writes its own fields here.
    ours: ["spec.externalIPs", "spec.publishNotReadyAddresses", "spec.sessionAffinity", "spec.sessionAffinityConfig"],
    absent: fromSpec
      .filter((name) => spec.service.annotations?.[name] === undefined)
      .map((name) => `metadata.annotations.${name}`),
  });
}

function budget({ observed, decision }: DesiredInputs): ChildPlan {
  return planChild({
    ...circumstances(observed),
    kind: kinds.podDisruptionBudget,
    phase: "route",
    desired: podDisruptionBudget(observed.model.metadata, decision.selector),
    observed: observed.podDisruptionBudget,
    exact: ["spec.selector", "spec.selector.matchLabels"],
    // Somebody's beside our maxUnavailable, and the API server would refuse to have ours put back.
    absent: ["spec.minAvailable"],
    ours: ["spec"],
  });
}

function scaler({ observed }: DesiredInputs): ChildPlan[] {
  const { metadata, spec } = observed.model;
  if (spec.scaling === undefined) return [];
  return [
    planChild({
      ...circumstances(observed),
      kind: kinds.horizontalPodAutoscaler,
      phase: "route",
      desired: horizontalPodAutoscaler(metadata, spec.scaling),
      observed: observed.horizontalPodAutoscaler,
      absent: absentBehavior(spec.scaling),
      ours: ["spec"],
    }),
  ];
}

function policy({ observed }: DesiredInputs): ChildPlan[] {
  const { metadata, spec } = observed.model;
  if (spec.networkPolicy === undefined) return [];
  return [
    planChild({
      ...circumstances(observed),
      kind: kinds.networkPolicy,
      phase: "prepare",
      desired: networkPolicy(metadata, spec.networkPolicy, observed.defaults.operatorNamespace),
      observed: observed.networkPolicy,
      exact: ["spec", "spec.podSelector", "spec.podSelector.matchLabels"],
      // A peer with a field less is another peer: a selector that is gone lets in more, or fewer.
      whole: ["spec.ingress"],
    }),
  ];
}

function circumstances(observed: Observed): {
  drift: NonNullable<NonNullable<Observed["model"]["status"]>["drift"]>;
  now: number;
} {
  return { drift: observed.model.status?.drift ?? [], now: observed.now };
}

/** The frozen labels say it, whatever became of those of other objects. */
function versionOf(template: JsonObject): string {
  return stringsAt(template, "metadata", "labels")[labels.version] ?? "";
}
