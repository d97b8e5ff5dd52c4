/** Names and labels of everything that the operator makes for a model. */

export const fieldManager = "slipway";

export const labels = {
  /** On every child: the model's name. The operator's caches hold only objects that carry it. */
  model: "slipway.dev/model",
  /** On Deployments, ControllerRevisions and pods: the revision's hash. */
  revision: "slipway.dev/revision",
  /** On Deployments, ControllerRevisions and pods: the version's name. */
  version: "slipway.dev/version",
  managedBy: "app.kubernetes.io/managed-by",
  name: "app.kubernetes.io/name",
  instance: "app.kubernetes.io/instance",
} as const;

export const childAnnotations = {
  /** Hash of what the operator last wrote; tells a change of plan from somebody else's edit. */
  applied: "slipway.dev/applied",
  /** What the API server made of what the operator wrote, where that is something else (plan/children/settled.ts). */
  settled: "slipway.dev/settled",
  /** Names of the Service annotations that came from the spec, comma-separated, so that they can be taken away again. */
  fromSpec: "slipway.dev/annotations-from-spec",
} as const;

/**
 * Labels by which a node says what one device of a resource is. GPU feature discovery sets them for whole GPUs and for
 * each kind of slice (NVIDIA/k8s-device-plugin, docs/gpu-feature-discovery); nodes of other makers have them where
 * somebody sets them. Devices that are shared in time are offered under a name of their own and labelled as what they
 * are.
 */
export function gpuLabels(resourceName: string): { readonly product: string; readonly memory: string } {
  const device = resourceName.replace(/\.shared$/, "");
  return { product: `${device}.product`, memory: `${device}.memory` };
}

export const containers = { fetch: "fetch", server: "server" } as const;

/** Longest name of a model; the CRD enforces it. With `-` and a revision's hash it makes a label value of 63. */
export const revisionHashLength = 10;

export function revisionName(model: string, revision: string): string {
  return `${model}-${revision}`;
}

/** ConfigMap that records the digest that each version name has stood for since its first use. */
export function versionsName(model: string): string {
  return `${model}-versions`;
}

/**
 * Where that ConfigMap keeps what names the version's bytes at their source (`FetchReport.pin`), beside the digest under
 * the version's own name, which cannot begin with an underscore.
 */
export function pinKey(version: string): string {
  return `${pinPrefix}${version}`;
}

const pinPrefix = "_pin.";

/** The version whose pin a key of the ConfigMap holds; undefined where it is a version's own. */
export function versionOfPinKey(key: string): string | undefined {
  return key.startsWith(pinPrefix) ? key.slice(pinPrefix.length) : undefined;
}

/** Labels of a child that belongs to the model as a whole. */
export function modelLabels(model: string): Record<string, string> {
  return {
    [labels.managedBy]: fieldManager,
    [labels.name]: "slipway-model",
    [labels.instance]: model,
    [labels.model]: model,
  };
}

/** Labels of a child that belongs to one revision. */
export function revisionLabels(model: string, revision: string, version: string): Record<string, string> {
  return { ...modelLabels(model), [labels.revision]: revision, [labels.version]: version };
}

/** What a Service selects: one revision, or, while two share the traffic, the whole model. */
export type Selector = { readonly kind: "exact"; readonly revision: string } | { readonly kind: "shared" };

export function selectorLabels(model: string, selector: Selector): Record<string, string> {
  return selector.kind === "shared"
    ? { [labels.model]: model }
    : { [labels.model]: model, [labels.revision]: selector.revision };
}

/** The selector as scalers read it from status.selector. */
export function selectorText(model: string, selector: Selector): string {
  return Object.entries(selectorLabels(model, selector))
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}
