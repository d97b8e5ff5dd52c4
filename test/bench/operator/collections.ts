import { kinds, type Kind } from "../../../operator/api/kinds.ts";
import { labels } from "../../../operator/api/names.ts";
import { pathOf } from "../../../operator/kube/transport/resources.ts";
import type { Admin, Item } from "./admin.ts";

export const namespace = "bench";

/** Every child of a model in these runs, as the driver counts them. */
export const childKinds = [
  kinds.deployment,
  kinds.controllerRevision,
  kinds.service,
  kinds.configMap,
  kinds.podDisruptionBudget,
] as const satisfies readonly Kind[];

export function collectionPath(kind: Kind): string {
  return pathOf(kind, namespace);
}

/** What the driver has seen of one model; times are milliseconds of its own monotonic clock. */
interface Sight {
  /** First event of each kind of child. */
  readonly children: Map<string, number>;
  /** Every Deployment, by the revision in its label. */
  readonly deployments: Map<string, number>;
  status: number | undefined;
  ready: number | undefined;
  /** observedGeneration and Ready=True as last seen. */
  observedGeneration: number;
  isReady: boolean;
}

/** Everything in the namespace as it comes and goes. */
export interface Collections {
  sight(model: string): Readonly<Omit<Sight, "children">> & { readonly children: ReadonlyMap<string, number> };
  /** Names of the models that are there. */
  models(): readonly string[];
  /** Models and children that are there; of these models, when some are named. */
  left(models?: readonly string[]): number;
  /** resourceVersion by uid of everything that is there. */
  versions(): ReadonlyMap<string, string>;
}

export async function followCollections(admin: Admin): Promise<Collections> {
  const sights = new Map<string, Sight>();
  const models = new Set<string>();
  const there = new Map<string, string>();
  /** uids of a model and of its children. */
  const families = new Map<string, Set<string>>();
  const sightOf = (model: string): Sight => {
    const known = sights.get(model);
    if (known !== undefined) return known;
    const fresh: Sight = {
      children: new Map(),
      deployments: new Map(),
      status: undefined,
      ready: undefined,
      observedGeneration: 0,
      isReady: false,
    };
    sights.set(model, fresh);
    return fresh;
  };
  const keep = (type: string, { metadata }: Item, model: string): void => {
    const family = families.get(model) ?? new Set();
    if (type === "DELETED") {
      there.delete(metadata.uid);
      family.delete(metadata.uid);
    } else {
      there.set(metadata.uid, metadata.resourceVersion);
      family.add(metadata.uid);
    }
    if (family.size > 0) families.set(model, family);
    else families.delete(model);
  };

  await admin.follow(collectionPath(kinds.model), true, (event) => {
    const { metadata, status } = event.object;
    keep(event.type, event.object, metadata.name);
    if (event.type === "DELETED") {
      models.delete(metadata.name);
      sights.delete(metadata.name);
      return;
    }
    models.add(metadata.name);
    const sight = sightOf(metadata.name);
    const now = performance.now();
    if (status?.conditions !== undefined) sight.status ??= now;
    sight.observedGeneration = status?.observedGeneration ?? 0;
    sight.isReady =
      status?.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True") ?? false;
    if (sight.isReady) sight.ready ??= now;
  });
  const follow = (kind: Kind): Promise<void> =>
    admin.follow(collectionPath(kind), false, (event) => {
      const { metadata } = event.object;
      const model = metadata.ownerReferences?.find(({ kind: owner }) => owner === kinds.model.kind)?.name;
      if (model === undefined) return;
      keep(event.type, event.object, model);
      if (event.type !== "ADDED") return;
      const sight = sightOf(model);
      const now = performance.now();
      if (!sight.children.has(kind.kind)) sight.children.set(kind.kind, now);
      if (kind === kinds.deployment) sight.deployments.set(metadata.labels?.[labels.revision] ?? "", now);
    });
  await Promise.all(childKinds.map(follow));

  return {
    sight: sightOf,
    models: () => [...models],
    left: (names) =>
      names === undefined ? there.size : names.reduce((sum, name) => sum + (families.get(name)?.size ?? 0), 0),
    versions: () => new Map(there),
  };
}
