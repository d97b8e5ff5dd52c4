import assert from "node:assert/strict";
import { test } from "node:test";
import { failureReasons, type PodReport } from "../../../server/contract.ts";
import { failureOf } from "./failures.ts";
import type { ObservedContainer, ObservedPod, Termination } from "../observed.ts";
import { idle, podOf } from "./test-pod.ts";

function waitingFor(reason: string, message = ""): ObservedContainer {
  return { ...idle, waiting: { reason, message } };
}

function ended(change: Partial<Termination>, state: ObservedContainer["state"] = "waiting"): ObservedContainer {
  return { ...idle, state, termination: { exitCode: 1, reason: "Error", report: undefined, text: "", ...change } };
}

function reported(reason: string, stage = "Download"): Partial<Termination> {
  return { report: { ok: false, stage, reason, message: "said so" } as PodReport };
}

interface Row {
  readonly what: string;
  readonly pod: ObservedPod;
  /** stage, reason, permanent; undefined: nothing is wrong. */
  readonly is: readonly [stage: string, reason: string, permanent: boolean] | undefined;
  readonly says?: RegExp;
}

const rows: readonly Row[] = [
  { what: "a pod that has just been made", pod: podOf(), is: undefined },
  { what: "a container that is being created", pod: podOf({ fetch: waitingFor("PodInitializing") }), is: undefined },
  {
    what: "a ready pod that failed before",
    pod: podOf({ ready: true, server: ended(reported("LoadFailed"), "running") }),
    is: undefined,
  },
  {
    what: "a pod on its way out",
    pod: podOf({ deleting: true, unschedulable: "0/1 nodes" }),
    is: undefined,
  },
  {
    what: "no room",
    pod: podOf({ unschedulable: "0/1 nodes are available" }),
    is: ["Schedule", "Unschedulable", false],
    says: /0\/1 nodes/,
  },
  ...["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"].map((reason) => ({
    what: `an image that cannot be had (${reason})`,
    pod: podOf({ fetch: waitingFor(reason, 'Back-off pulling image "registry.test/server:9"') }),
    is: ["Schedule", "ImagePullFailed", false] as const,
    says: /^the server image registry\.test\/server:9 cannot be pulled/,
  })),
  {
    what: "an image that cannot be had, without its name in the message",
    pod: podOf({ server: waitingFor("ErrImagePull", "boom") }),
    is: ["Schedule", "ImagePullFailed", false],
    says: /see the pod's events/,
  },
  {
    what: "a container that cannot be configured",
    pod: podOf({ fetch: waitingFor("CreateContainerConfigError", 'secret "x" not found') }),
    is: ["Schedule", "CreateContainerConfigError", false],
    says: /secret "x"/,
  },
  {
    what: "a model that is not there",
    pod: podOf({ fetch: ended(reported("NotFound")) }),
    is: ["Download", "NotFound", false],
    says: /^said so$/,
  },
  { what: "no model", pod: podOf({ fetch: ended(reported("NotAModel")) }), is: ["Download", "NotAModel", true] },
  {
    what: "no model, seen while the container ends",
    pod: podOf({ fetch: ended(reported("NotAModel"), "terminated") }),
    is: ["Download", "NotAModel", true],
  },
  {
    what: "no model, while the kubelet lets the download run once more",
    pod: podOf({ fetch: ended(reported("NotAModel"), "running") }),
    is: ["Download", "NotAModel", true],
  },
  {
    what: "a server that failed for good before and runs now, not ready for a moment",
    pod: podOf({ server: ended(reported("LoadFailed", "Load"), "running") }),
    is: ["Load", "LoadFailed", false],
  },
  {
    what: "a server that does not load",
    pod: podOf({ server: ended(reported("LoadFailed", "Load")) }),
    is: ["Load", "LoadFailed", true],
  },
  {
    what: "a reason that another image made up",
    pod: podOf({ server: ended(reported("toString", "Serve")) }),
    is: ["Serve", "toString", false],
  },
  {
    what: "the download killed for lack of memory",
    pod: podOf({ fetch: ended({ exitCode: 137, reason: "OOMKilled" }) }),
    is: ["Download", "OutOfMemory", false],
    says: /limits\.memory/,
  },
  {
    what: "the server killed without the kubelet's word for it",
    pod: podOf({ server: ended({ exitCode: 137 }) }),
    is: ["Load", "OutOfMemory", false],
  },
  {
    what: "a crash without a report",
    pod: podOf({ server: ended({ exitCode: 139, text: "last words" }) }),
    is: ["Load", "Crashed", false],
    says: /exit code 139/,
  },
  {
    what: "a download that succeeded and a server that ended in peace",
    pod: podOf({
      fetch: ended({ exitCode: 0, reason: "Completed" }, "terminated"),
      server: ended({ exitCode: 0, reason: "Completed" }),
    }),
    is: undefined,
  },
  {
    what: "the earliest of several failures",
    pod: podOf({ unschedulable: "0/1 nodes", fetch: ended(reported("NotFound")), server: ended({}) }),
    is: ["Schedule", "Unschedulable", false],
  },
];

for (const { what, pod: given, is, says } of rows) {
  test(`${what}: ${is === undefined ? "nothing is wrong" : is.join(", ")}`, () => {
    const failure = failureOf(given);
    assert.deepEqual(failure && [failure.stage, failure.reason, failure.permanent], is);
    if (failure !== undefined) assert.equal(failure.pod, "demo-1");
    if (says !== undefined) assert.match(failure?.message ?? "", says);
  });
}

test("what a crash left behind is its log tail", () => {
  assert.equal(failureOf(podOf({ server: ended({ text: "last words" }) }))?.logTail, "last words");
  assert.equal(failureOf(podOf({ server: ended({}) }))?.logTail, undefined);
  const report: PodReport = { ok: false, stage: "Serve", reason: "Crashed", message: "m", logTail: "tail" };
  assert.equal(failureOf(podOf({ server: ended({ report }) }))?.logTail, "tail");
});

test("every reason that the server knows is permanent here exactly when the contract says so", () => {
  for (const [reason, { permanent }] of Object.entries(failureReasons)) {
    assert.equal(failureOf(podOf({ fetch: ended(reported(reason)) }))?.permanent, permanent, reason);
  }
});
