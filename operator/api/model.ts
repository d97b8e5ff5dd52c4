import type { ModelDeployment } from "./types.gen.ts";

/** A ModelDeployment as it is read back: defaults filled in, metadata always there. */
export interface Model {
  readonly metadata: ModelMetadata;
  readonly spec: Spec;
  readonly status?: Status;
}

export interface ModelMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly deletionTimestamp?: string;
}

export type Spec = Immutable<ModelDeployment["spec"]>;
export type Status = Immutable<NonNullable<ModelDeployment["status"]>>;
export type VersionEntry = Spec["versions"][number];
export type Condition = NonNullable<Status["conditions"]>[number];
export type VersionStatus = NonNullable<Status["versions"]>[number];
export type RolloutStatus = NonNullable<Status["rollout"]>;
export type PreviousStatus = NonNullable<Status["previous"]>;
export type RejectedStatus = NonNullable<Status["rejected"]>;
export type LastFailure = NonNullable<Status["lastFailure"]>;
export type Drift = NonNullable<Status["drift"]>[number];

type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T;
