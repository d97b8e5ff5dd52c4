/**
 * What only the operator can see to be wrong with a spec: every field is valid, and together, or with what else is in
 * the cluster, they cannot work. A finding never stops what serves; it is told in Ready and Stalled, with field and fix.
 */
import { type JsonObject, valueAt } from "../api/json.ts";
import { kinds } from "../api/kinds.ts";
import { containers, revisionName } from "../api/names.ts";
import { quantity } from "../api/quantity.ts";
import { resourceNames } from "../build/horizontal-pod-autoscaler.ts";
import { overriddenLabels } from "../build/merge-template.ts";
import type { Problem } from "./status/facts.ts";
import type { Fleet } from "./pods/fleet.ts";
import type { Observed, ObservedAutoscaler } from "./observed.ts";
import type { Revision } from "./revision/revision.ts";
import { serverContainer, templateOf } from "./revision/template.ts";
import { templateMistake } from "./revision/template-mistake.ts";

export interface CheckInputs {
  readonly observed: Observed;
  readonly fleets: ReadonlyMap<string, Fleet>;
  readonly target: Revision;
}

export function checkSpec(inputs: CheckInputs): Problem[] {
  return checks.flatMap((check) => check(inputs) ?? []);
}

const checks: readonly ((inputs: CheckInputs) => Problem | undefined)[] = [
  scalingWithoutRequest, // utilisation is a share of the request
  secondAutoscaler, // two scalers on one number
  autoscalerOnChild, // a scaler on what the operator writes
  ownLabelsOverridden, // podTemplate would cut the pods off
  brokenTemplate, // podTemplate leaves nothing that could serve
  gpuSetTwice, // two numbers for one resource
  gpuOverridden, // two numbers, and the other one counts
];

/**
 * Told of the pods as they are: spec.resources, spec.podTemplate and a LimitRange of the namespace may each give a
 * request, and the autoscaler looks at nothing else.
 */
function scalingWithoutRequest({ observed, fleets, target }: CheckInputs): Problem | undefined {
  const { scaling } = observed.model.spec;
  if (scaling === undefined) return undefined;
  const field = scaling.metric === "CPU" ? "withoutCpuRequest" : "withoutMemoryRequest";
  const container = fleets.get(target.hash)?.pods.find((pod) => pod[field] !== undefined)?.[field];
  if (container === undefined) return undefined;
  const request = `resources.requests.${resourceNames[scaling.metric]}`;
  const fix = container === containers.server ? `set spec.${request}` : `set ${request} of it in spec.podTemplate`;
  return {
    object: "spec.scaling",
    reason: "ScalingWithoutRequest",
    message: `spec.scaling.metric ${scaling.metric} is a share of what pods request, and their container ${container} requests none: ${fix}`,
  };
}

function secondAutoscaler({ observed }: CheckInputs): Problem | undefined {
  const { spec, metadata } = observed.model;
  const rivals = observed.rivalAutoscalers
    .filter(({ targetKind, targetName }) => targetKind === kinds.model.kind && targetName === metadata.name)
    // By name, so that every pass says the same.
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const [rival] = rivals;
  if (rival === undefined) return undefined;
  if (spec.scaling === undefined) return rivals.length > 1 ? rivalsOfEachOther(rival, rivals) : undefined;
  return {
    object: `HorizontalPodAutoscaler/${rival.name}`,
    reason: "SecondAutoscaler",
    message: `${named(rival)} turns spec.replicas as well: delete ${editable(rival)}, or remove spec.scaling`,
  };
}

/** One autoscaler of the user's own is as good as ours; more of them turn one number against each other. */
function rivalsOfEachOther(first: ObservedAutoscaler, rivals: readonly ObservedAutoscaler[]): Problem {
  return {
    object: `HorizontalPodAutoscaler/${first.name}`,
    reason: "SecondAutoscaler",
    message: `${rivals.map(named).join(" and ")} all turn spec.replicas: keep one, and delete ${rivals.map(deletable).join(" or ")}`,
  };
}

function autoscalerOnChild({ observed, fleets }: CheckInputs): Problem | undefined {
  const model = observed.model.metadata.name;
  const children = new Set([...fleets.keys()].map((revision) => revisionName(model, revision)));
  const rival = observed.rivalAutoscalers.find(
    ({ targetKind, targetName }) => targetKind === kinds.deployment.kind && children.has(targetName),
  );
  if (rival === undefined) return undefined;
  return {
    object: `HorizontalPodAutoscaler/${rival.name}`,
    reason: "SecondAutoscaler",
    message: `${named(rival)} is aimed at Deployment ${rival.targetName}, whose replicas only the operator writes: aim ${editable(rival)} at ModelDeployment ${model}`,
  };
}

function named({ name, controller }: ObservedAutoscaler): string {
  const autoscaler = `HorizontalPodAutoscaler ${name}`;
  return controller === undefined ? autoscaler : `${autoscaler} of ${controller.kind} ${controller.name}`;
}

/** What a user has to change: an autoscaler that something else made comes back as it was. */
function editable({ controller }: ObservedAutoscaler): string {
  return controller === undefined ? "it" : `${controller.kind} ${controller.name}`;
}

function deletable(autoscaler: ObservedAutoscaler): string {
  return autoscaler.controller === undefined ? autoscaler.name : editable(autoscaler);
}

function ownLabelsOverridden({ observed }: CheckInputs): Problem | undefined {
  const override = observed.model.spec.podTemplate as JsonObject | undefined;
  const [label] = override === undefined ? [] : overriddenLabels(override);
  if (label === undefined) return undefined;
  return {
    object: "spec.podTemplate",
    reason: "PodTemplateConflict",
    message: `spec.podTemplate.metadata.labels sets ${label}, by which Slipway finds its pods, and is ignored there: remove it`,
  };
}

/** Told of the template that the pods would get, so that `slipway plan` finds it without an API server. */
function brokenTemplate(inputs: CheckInputs): Problem | undefined {
  const template = overriddenTemplate(inputs);
  const message = template && templateMistake(template);
  return message === undefined ? undefined : { object: "spec.podTemplate", reason: "PodTemplateConflict", message };
}

/** The pods get what spec.gpu says; a request beside it would be refused by the API server, and a limit dropped. */
function gpuSetTwice({ observed }: CheckInputs): Problem | undefined {
  const { gpu, resources } = observed.model.spec;
  if (gpu === undefined) return undefined;
  const field = (["limits", "requests"] as const).find((name) => {
    const amount = resources?.[name]?.[gpu.resourceName];
    return amount !== undefined && quantity(String(amount)) !== gpu.count;
  });
  if (field === undefined) return undefined;
  return {
    object: `spec.resources.${field}`,
    reason: "ResourcesConflict",
    message: `spec.resources.${field}["${gpu.resourceName}"] and spec.gpu.count (${gpu.count}) are two numbers for one resource, and spec.gpu is the one that counts: remove it from spec.resources`,
  };
}

/** spec.podTemplate is merged last, so its number is the one that the pods get. */
function gpuOverridden(inputs: CheckInputs): Problem | undefined {
  const { gpu } = inputs.observed.model.spec;
  const template = gpu && overriddenTemplate(inputs);
  const server = template && serverContainer(template);
  if (gpu === undefined || server === undefined) return undefined;
  const limit = valueAt(server, "resources", "limits", gpu.resourceName);
  const given = typeof limit === "string" || typeof limit === "number" ? String(limit) : undefined;
  if (given !== undefined && quantity(given) === gpu.count) return undefined;
  return {
    object: "spec.podTemplate",
    reason: "ResourcesConflict",
    message: `spec.podTemplate gives container ${containers.server} ${given ?? "no"} ${gpu.resourceName}, and spec.gpu.count is ${gpu.count}: set spec.gpu.count, and remove it from spec.podTemplate`,
  };
}

/** What the target's pods get, where spec.podTemplate has a part in it. */
function overriddenTemplate({ observed, target }: CheckInputs): JsonObject | undefined {
  return observed.model.spec.podTemplate === undefined ? undefined : templateOf(observed, target.hash, target);
}
