import type { V1Affinity, V1NodeSelectorRequirement, V1PodSpec, V1Toleration } from "@kubernetes/client-node";
import type { Spec } from "../api/model.ts";
import { gpuLabels, labels } from "../api/names.ts";
import { mebibytes } from "../api/quantity.ts";

/** The part of a pod's spec that decides on which nodes it may run. */
export function placement(
  model: string,
  revision: string,
  wanted: Spec["placement"],
  gpu: Spec["gpu"],
): Partial<V1PodSpec> {
  const tolerations = [...((wanted?.tolerations ?? []) as V1Toleration[]), ...gpuTolerations(gpu)];
  const affinity = withNodeRequirements(wanted?.affinity, gpuRequirements(gpu));
  const spread = wanted?.topologySpreadConstraints ?? [];
  const selector = { matchLabels: { [labels.model]: model, [labels.revision]: revision } };
  return {
    nodeSelector: { ...linux, ...wanted?.nodeSelector },
    ...(tolerations.length === 0 ? {} : { tolerations }),
    ...(affinity === undefined ? {} : { affinity }),
    ...(spread.length === 0
      ? {}
      : {
          topologySpreadConstraints: spread.map((constraint) => ({
            labelSelector: selector,
            ...constraint,
          })) as V1PodSpec["topologySpreadConstraints"] & object,
        }),
    ...(wanted?.priorityClassName === undefined ? {} : { priorityClassName: wanted.priorityClassName }),
  };
}

/**
 * The server's image is one for Linux, and nothing else keeps its pods off the other nodes of a mixed cluster. Every
 * kubelet sets this label (Kubernetes, "Well-Known Labels"). A value of the user's own is taken as it is.
 */
const linux = { "kubernetes.io/os": "linux" } as const;

/**
 * GPU nodes are tainted with the resource's name by custom, so that nothing else lands on them; those with slices
 * (nvidia.com/mig-1g.5gb) mostly with that of the whole device.
 */
function gpuTolerations(gpu: Spec["gpu"]): V1Toleration[] {
  if (gpu === undefined) return [];
  const whole = gpu.resourceName.startsWith(nvidiaDomain) ? [nvidiaTaint] : [];
  return [...new Set([gpu.resourceName, ...whole])].map((key) => ({ key, operator: "Exists", effect: "NoSchedule" }));
}

export const nvidiaDomain = "nvidia.com/";
const nvidiaTaint = "nvidia.com/gpu";

/** By the labels of the very resource: the card that a slice is of has memory that the slice does not get. */
function gpuRequirements(gpu: Spec["gpu"]): V1NodeSelectorRequirement[] {
  if (gpu === undefined) return [];
  const own = gpuLabels(gpu.resourceName);
  const requirements: V1NodeSelectorRequirement[] = [];
  if (gpu.products !== undefined && gpu.products.length > 0) {
    requirements.push({ key: own.product, operator: "In", values: [...gpu.products] });
  }
  if (gpu.minMemory !== undefined) {
    // Gt is strict and the label a whole number of MiB: at least n is more than n - 1.
    requirements.push({ key: own.memory, operator: "Gt", values: [String(mebibytes(gpu.minMemory) - 1)] });
  }
  return requirements;
}

/** Terms of required node affinity are alternatives, so the requirements join each of them. */
function withNodeRequirements(
  affinity: V1Affinity | undefined,
  requirements: V1NodeSelectorRequirement[],
): V1Affinity | undefined {
  if (requirements.length === 0) return affinity;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms = required?.nodeSelectorTerms ?? [];
  const joined = (terms.length === 0 ? [{}] : terms).map((term) => ({
    ...term,
    matchExpressions: [...(term.matchExpressions ?? []), ...requirements],
  }));
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: joined },
    },
  };
}
