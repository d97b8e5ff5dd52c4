import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requestBody } from "../../../demo/change.ts";
import { pictureFile } from "../../../demo/cluster.ts";
import { directionModels } from "../../../demo/models.ts";
import { waitFor } from "../../cluster/wait.ts";
import { type Bench, startBench } from "../../e2e/bench.ts";
import { podResource } from "../../e2e/pods.ts";
import type { GroupOptions } from "../figure.ts";
import { changeForthAndBack, type ForthAndBack } from "./change.ts";
import { followPhases, type PodPhases } from "./phases.ts";

/** A namespace of its own on the one-node Kubernetes with the operator of this work tree. */
export interface RolloutGround extends GroupOptions {
  readonly bench: Bench;
  readonly phases: PodPhases;
  /** The model of the demo. */
  readonly classifier: Uint8Array;
  /** A request that it answers. */
  readonly bodyFile: string;
  /** Measured the first time that they are asked for: updates and ways back come in pairs. */
  changes(): Promise<readonly ForthAndBack[]>;
  /** Deletes every model and waits until the last pod has gone: the next figure must not pay for it. */
  clear(): Promise<void>;
  /** Leaves the node up. */
  stop(): Promise<void>;
}

const changeRepeats = 3;
/** A pod drains for some seconds. */
const clearTimeoutMs = 120_000;

export async function startGround(options: GroupOptions): Promise<RolloutGround> {
  const bench = await startBench("bench-rollout");
  const directory = await mkdtemp(join(tmpdir(), "slipway-bench-"));
  const undo: (() => Promise<unknown>)[] = [() => bench.stop(), () => rm(directory, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const each of undo.toReversed()) await each();
  };
  try {
    const bodyFile = join(directory, "picture.json");
    await writeFile(bodyFile, requestBody(await readFile(pictureFile)));
    const phases = await followPhases(bench);
    undo.push(() => phases.stop());
    let changes: readonly ForthAndBack[] | undefined;
    const ground: RolloutGround = {
      ...options,
      bench,
      phases,
      classifier: directionModels().v1,
      bodyFile,
      changes: async () => (changes ??= await measureChanges(ground)),
      clear: () => clear(bench),
      stop,
    };
    return ground;
  } catch (error) {
    await stop();
    throw error;
  }
}

async function measureChanges(ground: RolloutGround): Promise<readonly ForthAndBack[]> {
  const readings: ForthAndBack[] = [];
  for (let turn = 1; turn <= changeRepeats; turn += 1) {
    readings.push(await changeForthAndBack(ground, `change-${turn}`));
    await ground.clear();
  }
  return readings;
}

async function clear(bench: Bench): Promise<void> {
  await bench.kubectl("delete", "modeldeployments", "--all", "--wait=false");
  const isClear = async (): Promise<void> => {
    const pods = await bench.list(podResource);
    if (pods.length > 0) throw new Error(`${pods.length} pods are left`);
  };
  await waitFor("every pod has gone", isClear, { timeoutMilliseconds: clearTimeoutMs, intervalMilliseconds: 500 });
}
