import { createHash } from "node:crypto";
import { apiVersion, kinds } from "../../../operator/api/kinds.ts";
import type { Model } from "../../../operator/api/model.ts";
import { planModel } from "../../../operator/plan/plan.ts";
import { projectModel, type RawModel } from "../../../operator/projections.ts";
import { namespace } from "./collections.ts";

/** A model as a user writes it: a version with a digest, and what a pod may use. */
export function modelManifest(name: string): object {
  return {
    apiVersion: apiVersion(kinds.model),
    kind: kinds.model.kind,
    metadata: { name, namespace },
    spec: {
      version: "v1",
      versions: [{ name: "v1", uri: "oci://registry.example.com/models/bench:1", digest: benchDigest }],
      resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "1", memory: "512Mi" } },
      // Nothing of an edit is left when the next figure is taken.
      rollout: { keepPreviousSeconds: 0 },
    },
  };
}

/** What the pods of the fake node report, too. */
export const benchDigest = `sha256:${createHash("sha256").update("bench").digest("hex")}`;

/** A manifest of each child as the operator would make it, as text in which a name and a uid are to be replaced. */
export interface ChildTemplate {
  readonly plural: string;
  readonly kind: (typeof kinds)[keyof typeof kinds];
  readonly text: string;
}

const nameToReplace = "bench-name-to-replace";
const uidToReplace = "bench-uid-to-replace";

/** `accepted`: a model as the API server gave it back, with every default in it. */
export function childTemplates(accepted: RawModel): readonly ChildTemplate[] {
  const model: Model = projectModel({
    ...accepted,
    metadata: { ...accepted.metadata, name: nameToReplace, uid: uidToReplace },
  });
  const plan = planModel({
    now: 0,
    model,
    deployments: [],
    controllerRevisions: [],
    pods: [],
    endedPods: [],
    service: undefined,
    versions: undefined,
    podDisruptionBudget: undefined,
    horizontalPodAutoscaler: undefined,
    networkPolicy: undefined,
    rivalAutoscalers: [],
    nodes: [],
    defaults: {
      serverImage: "registry.example.com/slipway/server:0.1.0",
      gpuServerImage: "registry.test/server-gpu:1",
      plainHttpHosts: [],
      certificateAuthority: "",
      proxy: { http: "", https: "", exceptions: [] },
      operatorNamespace: "slipway-system",
    },
  });
  return (plan?.writes ?? []).flatMap((write) =>
    write.verb === "create"
      ? [{ plural: write.kind.plural, kind: write.kind as ChildTemplate["kind"], text: JSON.stringify(write.body) }]
      : [],
  );
}

export function childText({ text }: ChildTemplate, name: string, uid: string): string {
  return text.replaceAll(nameToReplace, name).replaceAll(uidToReplace, uid);
}
