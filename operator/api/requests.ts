import type { V1Container, V1PodSpec } from "@kubernetes/client-node";

/** What spec.scaling can measure, by its name among a pod's requests. */
export type MeasuredResource = "cpu" | "memory";

export type PodRequests = Pick<V1PodSpec, "resources"> & {
  readonly containers?: readonly ContainerRequests[];
  readonly initContainers?: readonly (ContainerRequests & Pick<V1Container, "restartPolicy">)[];
};

type ContainerRequests = Pick<V1Container, "name" | "resources">;

/**
 * The first container of a pod that requests nothing of a resource. With one such, an autoscaler cannot tell what share
 * of its request the pod uses (kube-controller-manager, podautoscaler: the requests of containers and of sidecars are
 * added up, unless the pod has one as a whole). A limit is the request where none is given.
 */
export function containerWithoutRequest(pod: PodRequests, resource: MeasuredResource): string | undefined {
  if (pod.resources?.requests?.[resource] !== undefined) return undefined;
  const sidecars = (pod.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  return [...(pod.containers ?? []), ...sidecars].find(
    ({ resources }) => (resources?.requests?.[resource] ?? resources?.limits?.[resource]) === undefined,
  )?.name;
}
