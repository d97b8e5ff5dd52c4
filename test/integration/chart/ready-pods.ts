import { setTimeout as delay } from "node:timers/promises";
import { containers } from "../../../operator/api/names.ts";
import { environment, type FetchReport } from "../../../server/contract.ts";
import type { ControlPlane } from "../../cluster/control-plane.ts";
import { mergePatch } from "./merge-patch.ts";

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly namespace: string };
    readonly spec: {
      readonly initContainers: readonly [
        { readonly env: readonly { readonly name: string; readonly value?: string }[]; readonly image: string },
      ];
    };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

const periodMs = 250;

/** Of every model that names none itself. */
const resolvedDigest = `sha256:${"d".repeat(64)}`;

/**
 * Says of every pod of a model that it has fetched its model and is ready, as a kubelet would once its containers run: a
 * control plane without nodes can so carry a model from one revision to the next. Ends with the signal.
 */
export async function keepPodsReady(plane: ControlPlane, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { stdout } = await plane.kubectl(["get", "pods", "-A", "-l", "slipway.dev/model", "-o", "json"]);
    for (const { metadata, spec, status } of (JSON.parse(stdout) as PodList).items) {
      if (status.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True")) continue;
      const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`;
      const answer = await mergePatch(plane, path, { status: readyStatus(spec) });
      // The pod may have been deleted since it was listed.
      if (answer.status !== 200 && answer.status !== 404) throw new Error(`${path}: ${answer.message}`);
    }
    await delay(periodMs, undefined, { signal }).catch(() => undefined);
  }
}

function readyStatus({ initContainers: [fetch] }: PodList["items"][number]["spec"]): object {
  const lastTransitionTime = new Date().toISOString();
  const types = ["PodScheduled", "Initialized", "ContainersReady", "Ready"];
  const conditions = types.map((type) => ({ type, status: "True", lastTransitionTime }));
  const digest = fetch.env.find(({ name }) => name === environment.modelDigest)?.value ?? resolvedDigest;
  const report: FetchReport = { ok: true, stage: "Download", digest, bytes: 1, seconds: 1, signature: digest };
  const terminated = { exitCode: 0, reason: "Completed", message: JSON.stringify(report) };
  const fetched = { name: containers.fetch, image: fetch.image, imageID: "", restartCount: 0, ready: true };
  return { phase: "Running", conditions, initContainerStatuses: [{ ...fetched, state: { terminated } }] };
}
