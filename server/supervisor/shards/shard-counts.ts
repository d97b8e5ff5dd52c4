import { setTimeout as pause } from "node:timers/promises";
import type { ShardCounts } from "../../shard/messages.ts";
import type { Shard } from "./shard.ts";

/** A shard inside a run does not answer; what it told last has to do then. */
const countMilliseconds = 100;

/** Of each shard, as it last told. */
export function latestCounts(shards: ReadonlySet<Shard>): readonly ShardCounts[] {
  return [...shards].flatMap(({ counts }) => (counts === undefined ? [] : [counts]));
}

/** The same, after asking for it anew. */
export async function askCounts(shards: ReadonlySet<Shard>): Promise<readonly ShardCounts[]> {
  const asked = [...shards].map(
    (shard) =>
      new Promise<void>((resolve) => {
        shard.onCounts.push(resolve);
        shard.child.send({ kind: "count" });
      }),
  );
  await Promise.race([Promise.all(asked), pause(countMilliseconds)]);
  return latestCounts(shards);
}
