import { readFile } from "node:fs/promises";
import type { RunningServer } from "./harness.ts";

/** Begins to watch what all processes of the server hold together, bytes; gives the most of it when it is asked to end. */
export function watchMemory(server: RunningServer): () => Promise<number> {
  let peak = 0;
  const over = new AbortController();
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted && server.process.exitCode === null && server.process.signalCode === null) {
      peak = Math.max(peak, await memoryOf(server));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const watched = watch();
  return async () => {
    over.abort();
    await watched;
    return peak;
  };
}

/** What all processes of the server hold, bytes. Pages that several have count once: that is how a cgroup counts. */
export async function memoryOf({ process: { pid } }: RunningServer): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const texts = await Promise.all(
    [String(pid), ...children.trim().split(" ")].map((process) =>
      readFile(`/proc/${process}/smaps_rollup`, "utf8").catch(() => ""),
    ),
  );
  return texts.reduce((total, text) => total + 1024 * Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0), 0);
}
