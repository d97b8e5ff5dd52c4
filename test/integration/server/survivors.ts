import { writeFileSync } from "node:fs";
import { type HeapProfiler, Session } from "node:inspector";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Loaded into a process of the server before all else, with --import: SIGUSR2 begins, and the second one ends, a sample of
 * what outlives the collections of V8's young generation. It is written to `<folder>/<pid>`: bytes that
 * code of the server asked for itself. What Node makes for it may live on by no fault of ours.
 */
export const folderVariable = "SURVIVORS_FOLDER";

/** Bytes between two samples. */
const interval = 1024;

if (process.env[folderVariable] !== undefined) watch();

function watch(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as (options: { readonly type: "minor" }) => void;
  const session = new Session();
  session.connect();
  let isBegun = false;

  process.on("SIGUSR2", () => {
    if (!isBegun) {
      isBegun = true;
      // With those that a full collection took: who lived as long as that has outlived many of the young generation's.
      session.post("HeapProfiler.startSampling", {
        samplingInterval: interval,
        includeObjectsCollectedByMajorGC: true,
      });
      return;
    }
    // What is still young has not outlived anything.
    for (let collections = 0; collections < 2; collections++) collect({ type: "minor" });
    session.post("HeapProfiler.stopSampling", (error, result) => {
      if (error !== null) throw error;
      writeFileSync(`${process.env[folderVariable]}/${process.pid}`, String(bytesOf(result.profile.head)));
    });
  });
}

function bytesOf(node: HeapProfiler.SamplingHeapProfileNode): number {
  const isOurs = /\/server\/(?:grpc|http|json|protocol|shard|engine)\//.test(node.callFrame.url);
  return node.children.reduce((total, child) => total + bytesOf(child), isOurs ? node.selfSize : 0);
}
