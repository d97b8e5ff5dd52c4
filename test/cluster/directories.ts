import { existsSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** Built programs, unpacked tools, base images: survives `down`, may be deleted at any time. */
export function cacheDirectory(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "slipway");
}

/** Everything a running cluster of this name has on disk; `down` removes it. */
export function stateDirectory(name: string): string {
  return join(stateRoot(), name);
}

export function stateRoot(): string {
  return join(process.env["XDG_STATE_HOME"] || "/var/lib", "slipway");
}

/** Memory-backed where there is such a place: etcd in tests is only as fast as its disk. */
export function memoryDirectory(): string {
  return join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "slipway");
}

export const modulesDirectory = join(import.meta.dirname, "modules");
export const repositoryDirectory = join(import.meta.dirname, "..", "..");
