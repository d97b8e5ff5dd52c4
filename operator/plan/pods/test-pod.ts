import type { ObservedContainer, ObservedPod } from "../observed.ts";

/** A container that has not run yet. */
export const idle: ObservedContainer = { state: "waiting", waiting: undefined, termination: undefined };

/** A pod that has just been made, but for what a test says of it. */
export function podOf(change: Partial<ObservedPod> = {}): ObservedPod {
  return {
    name: "demo-1",
    uid: "u",
    revision: "r",
    version: "v1",
    createdAt: 0,
    deleting: false,
    leaving: undefined,
    node: "node-1",
    ready: false,
    readySince: undefined,
    outOfService: false,
    unschedulable: undefined,
    withoutCpuRequest: undefined,
    withoutMemoryRequest: undefined,
    fetch: idle,
    server: idle,
    ...change,
  };
}
