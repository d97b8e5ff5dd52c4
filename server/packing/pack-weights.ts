import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SessionSettings } from "../engine/session/session.ts";
import { type FromPacker, packCommand, type ToPacker } from "./messages.ts";
import { packedName, stagePrefix, sweep } from "./packed-folders.ts";

export interface PackWeightsOptions {
  readonly settings: SessionSettings;
  /** All that the model is read from; undefined: nobody knows, and so nobody can tell whether it has changed. */
  readonly modelFiles: readonly string[] | undefined;
  /** Of those. */
  readonly modelBytes: number;
  /** What the pod may have on disk, the model included, bytes; undefined: as much as there is. */
  readonly diskLimitBytes: number | undefined;
  /** Processes that will load it. */
  readonly shards: number;
  /** A folder of the pod's own, whose content outlives this process; undefined: a temporary one. */
  readonly directory: string | undefined;
  /** Of this process: what it leaves half done is known by it. */
  readonly pid: number;
  /** Runs the packing when its first argument says so. */
  readonly script: URL;
  /** Environment of the process that does it. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** The packed model, and how to be rid of it. */
export interface PackedWeights {
  readonly path: string;
  /** At the end: what is kept for the next start stays. */
  readonly remove: () => Promise<void>;
  /** It is of no use: what is kept goes as well. */
  readonly discard: () => Promise<void>;
}

/** Two copies of less are no matter, and to pack them costs as long as to load them. */
const leastModelBytes = 32 * 1024 * 1024;
/** The weights as they were and packed, and what else uses the disk meanwhile. */
const diskFactor = 3;
/** Fifty gigabytes at 100 MB/s, and as much again for the work itself. */
const longestMilliseconds = 20 * 60 * 1000;

/** Whether {@link packWeights} is worth its while. */
export function isPackable({
  modelBytes,
  modelFiles,
  shards,
  settings,
}: Pick<PackWeightsOptions, "modelBytes" | "modelFiles" | "shards" | "settings">): boolean {
  const isOnCpu = settings.providers.every((provider) => provider === "cpu");
  return (
    isOnCpu && modelFiles !== undefined && settings.isFileStable === true && shards > 1 && modelBytes >= leastModelBytes
  );
}

/** Packed, or why not. */
export type Packing = ({ readonly ok: true } & PackedWeights) | { readonly ok: false; readonly message: string };

/**
 * Packs the model's weights for all shards together, in a process of its own. Where that cannot be done each shard has a
 * copy. It is done in a folder that no other server uses, which takes its name when all of it is there: whoever is ended
 * meanwhile, nobody finds a half of it.
 */
export async function packWeights(options: PackWeightsOptions): Promise<Packing> {
  const { directory, modelBytes } = options;
  try {
    const place = directory ?? tmpdir();
    await mkdir(place, { recursive: true });
    const kept = directory === undefined ? undefined : join(place, await packedName(options.modelFiles ?? []));
    await sweep(place, kept, { pid: options.pid, now: Date.now() });
    if (kept !== undefined && existsSync(kept)) return keptIn(kept);
    const { bavail, bsize } = await statfs(place);
    const limit = (options.diskLimitBytes ?? Infinity) - modelBytes;
    if (Math.min(bavail * bsize, limit) < diskFactor * modelBytes)
      return { ok: false, message: `on the disk there is less room than ${diskFactor} times the model takes` };
    return await packInto(await mkdtemp(join(place, stagePrefix(options.pid))), kept, options);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    return { ok: false, message: code === undefined ? String(error) : `no folder can be written (${code})` };
  }
}

const graphFile = "model.onnx";

/** `stage` is there still when the packed model is in it. */
async function packInto(stage: string, kept: string | undefined, options: PackWeightsOptions): Promise<Packing> {
  const remove = (): Promise<void> => rm(stage, { recursive: true, force: true });
  // Inside: the stage keeps its name and its place, while the model's own folder comes and goes.
  const made = join(stage, "model");
  let isStaying = false;
  try {
    const packed = await pack({ ...options.settings, packedPath: join(made, graphFile) }, options);
    if (!packed.ok) return packed;
    if (kept === undefined) {
      isStaying = true;
      return { ok: true, path: join(made, graphFile), remove, discard: remove };
    }
    await publish(made, kept);
    return keptIn(kept);
  } finally {
    if (!isStaying) await remove();
  }
}

function keptIn(folder: string): Packing {
  return {
    ok: true,
    path: join(folder, graphFile),
    remove: () => Promise.resolve(),
    discard: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * Not written through to the disk, which would take longer than the packing. What a machine that fails leaves of a file is
 * shorter than the file was, which is found out when it is opened; then it is discarded.
 */
async function publish(made: string, kept: string): Promise<void> {
  try {
    await rename(made, kept);
  } catch (error) {
    // Another server was faster, with the same.
    if (!existsSync(kept)) throw error;
  }
}

function pack(message: ToPacker, { script, variables, signal }: PackWeightsOptions): Promise<FromPacker> {
  return new Promise((resolve) => {
    const child = fork(script, [packCommand], {
      env: variables,
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const stop = (): void => {
      child.kill("SIGKILL");
    };
    const timer = setTimeout(stop, longestMilliseconds);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    let answer: FromPacker = { ok: false, message: "the process that packed it was ended" };
    child.on("message", (packed: FromPacker) => {
      answer = packed;
    });
    // Told by its exit.
    child.on("error", () => undefined);
    child.once("close", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      resolve(answer);
    });
    child.send(message, () => undefined);
  });
}
