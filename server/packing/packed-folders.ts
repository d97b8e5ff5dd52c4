import { createHash } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { cpus, hostname } from "node:os";
import { join } from "node:path";

/** Nothing else in a folder is ours: it may hold what somebody would miss. */
const keptPattern = /^slipway-packed-[0-9a-f]{16}$/;
const stagePattern = /^slipway-packing-(?<pid>\d+)-(?<host>.+)-[^-]{6}$/;
/** Packing ends in less (see pack-weights.ts). */
const staleMilliseconds = 60 * 60 * 1000;

/**
 * Name of the folder in which a model is kept packed: of the files that it was read from, of the processor and of ONNX
 * Runtime, as what is packed suits no other.
 */
export async function packedName(files: readonly string[]): Promise<string> {
  const stats = await Promise.all(files.map((file) => stat(file)));
  const identity = JSON.stringify([
    stats.map(({ size, mtimeMs, ino, dev }) => [size, mtimeMs, ino, dev]),
    cpus()[0]?.model,
    runtimeVersion(),
  ]);
  return `slipway-packed-${createHash("sha256").update(identity).digest("hex").slice(0, 16)}`;
}

function runtimeVersion(): string {
  const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json") as { readonly version: string };
  return version;
}

/** Of the folder in which a process packs, in front of what `mkdtemp` adds. */
export function stagePrefix(pid: number): string {
  return `slipway-packing-${pid}-${hostname()}-`;
}

/**
 * Removes what earlier models left packed, all but `kept`, and what processes left that were ended while they packed, or
 * before they could remove what is for one life alone. A process of the same number is an earlier life of this one, as the
 * first of a container always has the same; of another machine's, nobody here knows, so those go by their age.
 */
export async function sweep(
  place: string,
  kept: string | undefined,
  { pid, now }: { readonly pid: number; readonly now: number },
): Promise<void> {
  for (const name of await readdir(place)) {
    const path = join(place, name);
    const isOld = keptPattern.test(name) ? kept !== undefined && path !== kept : await isLeft(path, name, pid, now);
    if (isOld) await rm(path, { recursive: true, force: true });
  }
}

async function isLeft(path: string, name: string, pid: number, now: number): Promise<boolean> {
  const groups = stagePattern.exec(name)?.groups;
  if (groups === undefined) return false;
  if (groups["host"] !== hostname()) return now - (await stat(path)).mtimeMs > staleMilliseconds;
  const other = Number(groups["pid"]);
  return other === pid || !isAlive(other);
}

/** The system alone knows which processes there are. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
