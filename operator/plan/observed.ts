/**
 * All that a plan is made from: plain data out of the caches, with the time in it. Nothing here is a live object, so
 * a plan can be made again from a file and gives the same answer.
 */
import type { ModelProxy } from "../build/pod-template.ts";
import type { JsonObject } from "../api/json.ts";
import type { Model } from "../api/model.ts";
import type { PodReport, Provider } from "../../server/contract.ts";
import type { ForeignFields } from "./children/foreign-fields.ts";

export interface Observed {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly model: Model;
  readonly deployments: readonly ObservedChild[];
  readonly controllerRevisions: readonly ObservedChild[];
  /** The pods that live: their containers run, or will. */
  readonly pods: readonly ObservedPod[];
  /** What is left of the others. */
  readonly endedPods: readonly EndedPod[];
  readonly service: ObservedChild | undefined;
  readonly versions: ObservedChild | undefined;
  readonly podDisruptionBudget: ObservedChild | undefined;
  readonly horizontalPodAutoscaler: ObservedChild | undefined;
  readonly networkPolicy: ObservedChild | undefined;
  /** Autoscalers in the model's namespace that are not ours. */
  readonly rivalAutoscalers: readonly ObservedAutoscaler[];
  /** Empty also where the operator may not read nodes. */
  readonly nodes: readonly ObservedNode[];
  /** What the operator was installed with; shapes new revisions only. */
  readonly defaults: BuildDefaults;
}

export interface BuildDefaults {
  readonly serverImage: string;
  /** For models on a GPU; empty: there is none. */
  readonly gpuServerImage: string;
  readonly plainHttpHosts: readonly string[];
  /** PEM certificates, or empty. */
  readonly certificateAuthority: string;
  readonly proxy: ModelProxy;
  /** Where the operator runs: NetworkPolicies let it read metrics and reports. */
  readonly operatorNamespace: string;
}

export interface ObservedAutoscaler {
  readonly name: string;
  readonly targetKind: string;
  readonly targetName: string;
  /** What made it and makes it again, such as a ScaledObject of KEDA; undefined where a user did. */
  readonly controller: { readonly kind: string; readonly name: string } | undefined;
}

/** What decides whether a pod may run on a node. How much of it is free, only the scheduler knows. */
export interface ObservedNode {
  readonly name: string;
  readonly unschedulable: boolean;
  /** By its condition Ready. */
  readonly ready: boolean;
  readonly taints: readonly ObservedTaint[];
  readonly labels: Readonly<Record<string, string>>;
  /** CPU (in cores), memory (in bytes) and extended resources, by name. */
  readonly allocatable: Readonly<Record<string, number>>;
}

export interface ObservedTaint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** An object that the operator made. */
export interface ObservedChild {
  readonly name: string;
  readonly uid: string;
  readonly deleting: boolean;
  /** As the API server has it, without status; of its metadata what we set, so that it changes only with that. */
  readonly object: JsonObject;
  /** Who else wrote to it last, by the name in its managed fields. */
  readonly rival: string | undefined;
  /** What others wrote outside its metadata and status; absent when they wrote nothing. */
  readonly foreign?: ForeignFields;
  /** Somebody else wrote the annotation by which settled fields are told (settled.ts); absent when nobody did. */
  readonly notedByOthers?: boolean;
  /** A condition ReplicaFailure of a Deployment: why its pods cannot even be created. */
  readonly replicaFailure: string | undefined;
}

export interface ObservedPod extends ObservedReport {
  readonly name: string;
  readonly uid: string;
  readonly revision: string;
  readonly version: string;
  /** Milliseconds since the epoch, to the second, by the API server's clock. */
  readonly createdAt: number;
  readonly deleting: boolean;
  /** Where it is deleted: since when, and until when it has to end, in milliseconds since the epoch. */
  readonly leaving: { readonly since: number; readonly until: number } | undefined;
  /** Empty before one is found. */
  readonly node: string;
  readonly ready: boolean;
  /** Since when it has been ready, in milliseconds since the epoch; undefined while it is not. */
  readonly readySince: number | undefined;
  /** The annotation that takes it out of service is set. */
  readonly outOfService: boolean;
  /** The scheduler's words when it found no node for it. */
  readonly unschedulable: string | undefined;
  /** A container that requests no CPU, with what its namespace adds; undefined where every one does. */
  readonly withoutCpuRequest: string | undefined;
  readonly withoutMemoryRequest: string | undefined;
  readonly fetch: ObservedContainer;
  readonly server: ObservedContainer;
}

/** What a pod's server told when it was asked: up to a minute old, and absent for the first minute of an operator's life. */
export interface ObservedReport {
  /** Inputs that crashed the engine again; absent where it told of none. */
  readonly repeatedCrash?: ObservedCrash;
  /** What runs the model. */
  readonly provider?: Provider;
}

/** Inputs that crashed the engine twice, and are refused since: all else is served. */
export interface ObservedCrash {
  /** Of the request that crashed it last. */
  readonly requestId: string;
  /** SHA-256 in hexadecimal. */
  readonly inputs: string;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * How a pod came to its end that is not deleted: phase Failed or Succeeded. Its containers are over and hold nothing,
 * not even a GPU, and none of them is started again; its ReplicaSet has made another pod and leaves this one lying.
 */
export interface Ending {
  /** False: every container ended in peace. */
  readonly failed: boolean;
  /** The word of whoever put an end to it, such as Evicted or NodeShutdown; may be empty. */
  readonly reason: string;
  readonly message: string;
  /** Milliseconds since the epoch; the last that its status tells of. */
  readonly at: number;
}

export interface EndedPod extends Ending {
  readonly name: string;
  readonly uid: string;
  readonly revision: string;
  /** Milliseconds since the epoch, to the second. */
  readonly createdAt: number;
}

export interface ObservedContainer {
  readonly state: "absent" | "waiting" | "running" | "terminated";
  /** Reason and message of the waiting state, such as ImagePullBackOff. */
  readonly waiting: { readonly reason: string; readonly message: string } | undefined;
  /** The newest termination, be it the present state or the one before a restart. */
  readonly termination: Termination | undefined;
}

export interface Termination {
  readonly exitCode: number;
  /** The kubelet's word, such as OOMKilled or Error. */
  readonly reason: string;
  /** What the container left as its termination message, when that is a report. */
  readonly report: PodReport | undefined;
  /** The message as it was, when it is not a report. */
  readonly text: string;
}
