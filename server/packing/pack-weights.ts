import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat, statfs } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import type { SessionSettings } from "../engine/session.ts";
import { type FromPacker, packCommand, type ToPacker } from "./messages.ts";

export interface PackWeightsOptions {
  readonly settings: SessionSettings;
  /** Of the model's files. */
  readonly modelBytes: number;
  /** What the pod may have on disk, the model included, bytes; undefined: as much as there is. */
  readonly diskLimitBytes: number | undefined;
  /** Processes that will load it. */
  readonly shards: number;
  /** A folder of the pod's own, whose content outlives this process; undefined: a temporary one. */
  readonly directory: string | undefined;
  /** Runs the packing when its first argument says so. */
  readonly script: URL;
  readonly signal: AbortSignal;
}

/** The packed model, and how to be rid of it. */
export interface PackedWeights {
  readonly path: string;
  readonly remove: () => Promise<void>;
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
  shards,
  settings,
}: Pick<PackWeightsOptions, "modelBytes" | "shards" | "settings">): boolean {
  const isOnCpu = settings.providers.every((provider) => provider === "cpu");
  return isOnCpu && settings.isFileStable === true && shards > 1 && modelBytes >= leastModelBytes;
}

/**
 * Packs the model's weights for all shards together, in a process of its own. A string: why it could not be done; then
 * each shard has a copy.
 */
export async function packWeights(options: PackWeightsOptions): Promise<PackedWeights | string> {
  const { settings, directory, modelBytes } = options;
  try {
    const folder = directory ?? (await mkdtemp(join(tmpdir(), "slipway-packed-")));
    const remove = async (): Promise<void> => {
      if (directory === undefined) await rm(folder, { recursive: true, force: true });
    };
    await mkdir(folder, { recursive: true });
    const name = await nameOf(settings.modelPath);
    const path = join(folder, name, "model.onnx");
    if (existsSync(path)) return { path, remove };
    // Of a model that was here before, or half done.
    for (const other of await readdir(folder)) await rm(join(folder, other), { recursive: true, force: true });
    const { bavail, bsize } = await statfs(folder);
    const limit = (options.diskLimitBytes ?? Infinity) - modelBytes;
    if (Math.min(bavail * bsize, limit) < diskFactor * modelBytes) {
      await remove();
      return `on the disk there is less room than ${diskFactor} times the model takes`;
    }
    const packed = await pack({ ...settings, packedPath: path }, options);
    if (packed.ok) return { path, remove };
    await rm(`${join(folder, name)}.new`, { recursive: true, force: true });
    await remove();
    return packed.message;
  } catch (error) {
    return error instanceof Error && "code" in error
      ? `no folder can be written (${String(error.code)})`
      : String(error);
  }
}

/** Of the file and of the processor: what is packed suits no other. */
async function nameOf(modelPath: string): Promise<string> {
  const { size, mtimeMs, ino, dev } = await stat(modelPath);
  const identity = JSON.stringify([size, mtimeMs, ino, dev, cpus()[0]?.model]);
  return createHash("sha256").update(identity).digest("hex").slice(0, 16);
}

function pack(message: ToPacker, { script, signal }: PackWeightsOptions): Promise<FromPacker> {
  return new Promise((resolve) => {
    const child = fork(script, [packCommand], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const stop = (): void => {
      child.kill("SIGKILL");
    };
    const timer = setTimeout(stop, longestMilliseconds);
    signal.addEventListener("abort", stop, { once: true });
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
