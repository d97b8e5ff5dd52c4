import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * The memory limit of the container, bytes: the lowest one on the way from this process's cgroup to the root (cgroup v2
 * `memory.max`, v1 `memory.limit_in_bytes`). Undefined: none is set, or none can be read.
 */
export async function memoryLimit(
  root = "/sys/fs/cgroup",
  cgroupFile = "/proc/self/cgroup",
): Promise<number | undefined> {
  const lines = (await text(cgroupFile))?.split("\n") ?? [];
  const unified = lines.find((line) => line.startsWith("0::"))?.slice("0::".length);
  const memory = lines.find((line) => /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:/.test(line))?.replace(/^\d+:[^:]*:/, "");
  const limits = [
    ...(unified === undefined ? [] : await limitsFrom(root, unified, "memory.max")),
    ...(memory === undefined ? [] : await limitsFrom(join(root, "memory"), memory, "memory.limit_in_bytes")),
  ];
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** Inside a container the path may be that of the host, which is not there: the root is the container's own then. */
async function limitsFrom(root: string, path: string, file: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (let folder = path; ; folder = dirname(folder)) {
    const limit = Number((await text(join(root, folder, file)))?.trim());
    // "max", or v1's way to say so: the highest multiple of a page.
    if (Number.isFinite(limit) && limit > 0 && limit < unlimitedBytes) found.push(limit);
    if (folder === "/" || folder === ".") return found;
  }
}

/** 2^53: more than any machine has. */
const unlimitedBytes = Number.MAX_SAFE_INTEGER;

async function text(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}
