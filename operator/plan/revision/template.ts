import type { V1ResourceRequirements } from "@kubernetes/client-node";
import { isJsonObject, type JsonObject, valueAt } from "../../api/json.ts";
import { containers } from "../../api/names.ts";
import { mergeTemplate } from "../../build/merge-template.ts";
import { podTemplate } from "../../build/pod-template.ts";
import { needsGpuImage, providersOf } from "../../build/providers.ts";
import { recordOf, revisionOfChild } from "../pods/fleet.ts";
import type { BuildDefaults, Observed, ObservedChild } from "../observed.ts";
import { type Revision, revisionOf } from "./revision.ts";

/**
 * The pod template of a revision. It is rendered once, when the revision is first made; from then on the frozen one
 * is used byte for byte, whatever the operator would render today. When all of that is gone, the spec may still say
 * what it was. Undefined: nothing is left to make it from.
 */
export function templateOf(observed: Observed, revision: string, target: Revision): JsonObject | undefined {
  return (
    frozenTemplate(observed.controllerRevisions, revision) ??
    runningTemplate(observed.deployments, revision) ??
    renderedTemplate(observed, revision, target)
  );
}

/** What serves in the pods of a template; undefined where spec.podTemplate has left no such container. */
export function serverContainer(template: JsonObject): JsonObject | undefined {
  const listed = valueAt(template, "spec", "containers");
  return Array.isArray(listed) ? listed.filter(isJsonObject).find(({ name }) => name === containers.server) : undefined;
}

function renderedTemplate({ model, defaults }: Observed, revision: string, target: Revision): JsonObject | undefined {
  const { metadata, spec } = model;
  if (revision === target.hash) return renderTemplate(metadata.name, target, defaults);
  const listed = spec.versions.map((entry) => revisionOf(spec, entry)).find(({ hash }) => hash === revision);
  return listed === undefined ? undefined : renderTemplate(metadata.name, listed, defaults);
}

function frozenTemplate(history: readonly ObservedChild[], revision: string): JsonObject | undefined {
  const template = valueAt(recordOf(history, revision)?.object, "data", "template");
  return isJsonObject(template) ? template : undefined;
}

/** The history was deleted under running pods: what runs is the record. */
function runningTemplate(deployments: readonly ObservedChild[], revision: string): JsonObject | undefined {
  const deployment = deployments.find((child) => revisionOfChild(child) === revision);
  const template = valueAt(deployment?.object, "spec", "template");
  return isJsonObject(template) ? template : undefined;
}

function renderTemplate(model: string, revision: Revision, defaults: BuildDefaults): JsonObject {
  const { version, server, resources, source, gpu, placement, podTemplate: override } = revision.inputs;
  const template = podTemplate({
    model,
    revision: revision.hash,
    version,
    image: server?.image ?? imageFor(revision.inputs, defaults),
    env: server?.env ?? [],
    resources: resources === undefined ? undefined : requirements(resources),
    session: server?.session,
    corsOrigins: server?.corsOrigins,
    batching: server?.batching,
    source,
    gpu,
    placement,
    plainHttpHosts: defaults.plainHttpHosts,
    certificateAuthority: defaults.certificateAuthority,
    proxy: defaults.proxy,
  });
  const made = JSON.parse(JSON.stringify(template)) as JsonObject;
  return override === undefined ? made : mergeTemplate(made, override);
}

/** Where the operator was installed without an image for GPUs, the other one says that it has no provider for them. */
function imageFor({ server, gpu }: Revision["inputs"], defaults: BuildDefaults): string {
  const isForGpu = needsGpuImage(providersOf(server?.session, gpu)) && defaults.gpuServerImage !== "";
  return isForGpu ? defaults.gpuServerImage : defaults.serverImage;
}

function requirements(resources: NonNullable<Revision["inputs"]["resources"]>): V1ResourceRequirements {
  return {
    ...(resources.requests === undefined ? {} : { requests: quantities(resources.requests) }),
    ...(resources.limits === undefined ? {} : { limits: quantities(resources.limits) }),
  };
}

/** Quantities may be written as numbers; Kubernetes keeps them as strings. */
function quantities(amounts: Readonly<Record<string, number | string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, String(amount)]));
}
