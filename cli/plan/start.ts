import type { Model } from "../../operator/api/model.ts";
import type { BuildDefaults } from "../../operator/plan/observed.ts";
import { type Digests, emptyCluster, type PaperCluster } from "./cluster.ts";
import { rehearse } from "./rehearsal.ts";

/**
 * The cluster in which a model serves with nothing left to do. Without a status it serves what its spec says. With one,
 * it serves the version that the status names, and what only a status knows is taken from it: the recorded digests, and
 * a revision that was rejected. `assumed` are digests that versions turn out to have where nothing else is known.
 */
export function startFrom(
  { status, ...model }: Model,
  { defaults, now, assumed }: { readonly defaults: BuildDefaults; readonly now: number; readonly assumed: Digests },
): PaperCluster {
  const { versions, version } = model.spec;
  const serves = versions.some(({ name }) => name === status?.currentVersion) ? status?.currentVersion : undefined;
  const recorded = (status?.versions ?? []).flatMap(({ name, digest }) =>
    digest === undefined ? [] : [{ name, digest }],
  );
  const serving: Model = {
    ...model,
    spec: { ...model.spec, version: serves ?? version },
    // A status that knows digests alone is what the operator finds after its record was lost, and makes a record from.
    ...(recorded.length === 0 ? {} : { status: { versions: recorded } }),
  };
  const digests = new Map([...assumed, ...recorded.map(({ name, digest }) => [name, digest] as const)]);
  const { end } = rehearse({ ...emptyCluster(serving, defaults, now), digests });
  if (status?.rejected === undefined) return end;
  return { ...end, model: { ...end.model, status: { ...end.model.status, rejected: status.rejected } } };
}
