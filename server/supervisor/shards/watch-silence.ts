import type { Shard } from "./shard.ts";

export interface SilenceOptions {
  readonly shards: ReadonlySet<Shard>;
  readonly runSeconds: number;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** Called each time before the shards are looked at. */
  readonly onLook: () => void;
}

/** Beyond the time that a run may take: what a shard says comes every second. */
const silentMilliseconds = 3000;
const watchMilliseconds = 500;

/** Ends shards that are inside a run for too long: a run in place cannot be interrupted, and nobody but this process can tell. */
export function watchSilence({ shards, runSeconds, now, onLook }: SilenceOptions): { readonly stop: () => void } {
  const longest = runSeconds * 1000 + silentMilliseconds;
  let watched = now();
  const watch = setInterval(() => {
    const wasStopped = now() - watched > silentMilliseconds;
    watched = now();
    onLook();
    // What the shards said while this process was stopped has not been heard yet.
    if (wasStopped) for (const shard of shards) shard.heard = watched;
    for (const shard of shards) {
      if (!shard.isUsable || now() - shard.heard < longest) continue;
      shard.isUsable = false;
      shard.isSilent = true;
      shard.child.kill();
    }
  }, watchMilliseconds);
  return { stop: () => clearInterval(watch) };
}
