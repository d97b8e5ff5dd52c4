import { setTimeout as delay } from "node:timers/promises";
import { kinds } from "../../../operator/api/kinds.ts";
import { labels } from "../../../operator/api/names.ts";
import type { Item } from "./admin.ts";
import type { Counts } from "./audit.ts";
import { childKinds, collectionPath, namespace } from "./collections.ts";
import type { OperatorGround } from "./ground.ts";
import { childText, modelManifest } from "./model.ts";
import { round, type Spread, spreadOf } from "../spread.ts";
import { usageOf } from "../usage.ts";

/** Everything that is read of one load. Milliseconds; delays are from the answered POST to the driver's own watch. */
export interface LoadReading {
  readonly count: number;
  readonly postedMs: number;
  /** From the first POST until the last child of the last model was seen. */
  readonly childrenMs: number;
  /** The same for the first status and for Ready=True; absent in a floor, which writes no status. */
  readonly statusMs?: number;
  readonly readyMs?: number;
  readonly deployment: Spread;
  readonly status?: Spread;
  readonly ready?: Spread;
  /** Processor time of the load until it was quiet. */
  readonly cpuMs: Readonly<Record<string, number>>;
  readonly requests?: Counts;
}

/** Nothing in these runs takes as long on a machine that works. */
const patienceMs = 900_000;
/** A load is over when the operator has sent nothing for so long. */
const quietMs = 3_000;

/** `perSecond` 0: all at once. */
export async function applyModels(ground: OperatorGround, count: number, perSecond: number): Promise<LoadReading> {
  const { admin, audit } = ground;
  audit.start();
  const path = collectionPath(kinds.model);
  const load = await post(ground, count, perSecond, async (name) => {
    await admin.call("POST", path, JSON.stringify(modelManifest(name)));
  });
  const { names, begun } = load;
  const sights = () => names.map((name) => ({ name, sight: ground.seen.sight(name) }));
  await until("every model is Ready", () => sights().every(({ sight }) => sight.ready !== undefined));
  await settled(ground);
  const last = (times: readonly (number | undefined)[]): number =>
    round(Math.max(...times.map((time) => time ?? Number.NaN)) - begun);
  const delays = (of: (name: string) => number | undefined): Spread =>
    spreadOf(names.map((name) => (of(name) ?? Number.NaN) - (load.answered.get(name) ?? Number.NaN)));
  return {
    ...load.common(),
    statusMs: last(sights().map(({ sight }) => sight.status)),
    readyMs: last(sights().map(({ sight }) => sight.ready)),
    status: delays((name) => ground.seen.sight(name).status),
    ready: delays((name) => ground.seen.sight(name).ready),
    requests: audit.counts(),
  };
}

/** The driver makes the same objects itself, with no operator there: each model, then its children side by side. */
export async function applyFloor(ground: OperatorGround, count: number, perSecond: number): Promise<LoadReading> {
  const { admin, templates } = ground;
  const path = collectionPath(kinds.model);
  const load = await post(ground, count, perSecond, async (name) => {
    const { metadata } = (await admin.call("POST", path, JSON.stringify(modelManifest(name)))) as Item;
    await Promise.all(
      templates.map((template) =>
        admin.call("POST", collectionPath(template.kind), childText(template, name, metadata.uid)),
      ),
    );
  });
  await delay(quietMs);
  return load.common();
}

async function post(
  ground: OperatorGround,
  count: number,
  perSecond: number,
  create: (name: string) => Promise<void>,
): Promise<{
  readonly names: readonly string[];
  readonly begun: number;
  readonly answered: ReadonlyMap<string, number>;
  /** Taken when it is called. */
  readonly common: () => Omit<LoadReading, "requests">;
}> {
  const { seen } = ground;
  const names = ground.names(count);
  const answered = new Map<string, number>();
  const before = cpuOf(ground);
  const begun = performance.now();
  await Promise.all(
    names.map(async (name, index) => {
      if (perSecond > 0) await delay(Math.max(0, begun + (index * 1000) / perSecond - performance.now()));
      await create(name);
      answered.set(name, performance.now());
    }),
  );
  const postedMs = round(performance.now() - begun);
  await until("every child is there", () =>
    names.every((name) => childKinds.every(({ kind }) => seen.sight(name).children.has(kind))),
  );
  const childrenMs = round(Math.max(...names.flatMap((name) => [...seen.sight(name).children.values()])) - begun);
  const common = (): Omit<LoadReading, "requests"> => ({
    count,
    postedMs,
    childrenMs,
    deployment: spreadOf(
      names.map((name) => (seen.sight(name).children.get("Deployment") ?? Number.NaN) - (answered.get(name) ?? 0)),
    ),
    cpuMs: difference(before, cpuOf(ground)),
  });
  return { names, begun, answered, common };
}

/** Processor time so far of the operator and of each process of the control plane. */
export function cpuOf(ground: OperatorGround): Record<string, number> {
  const processes = { ...ground.plane.processIds(), driver: process.pid };
  const used = Object.entries(processes).map(([name, pid]) => [name, usageOf(pid)?.cpuMs ?? 0] as const);
  const operator = ground.isOperatorRunning() ? { operator: ground.operator().usage().cpuMs } : {};
  return { ...Object.fromEntries(used), ...operator };
}

export function difference(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, round(ms - (before[name] ?? 0))]));
}

/** Deletes models, all unless they are named, each by a request of its own, and waits until their children are gone. */
export async function deleteModels(
  ground: OperatorGround,
  names: readonly string[] = ground.seen.models(),
): Promise<{ readonly count: number; readonly askedMs: number; readonly goneMs: number; readonly restMs: number }> {
  const { admin, seen } = ground;
  const deleted = new Set(names);
  const isDeleted = (model: string): boolean => deleted.has(model);
  const path = collectionPath(kinds.model);
  const begun = performance.now();
  await Promise.all(names.map((name) => admin.call("DELETE", `${path}/${name}`)));
  const askedMs = performance.now() - begun;
  await until("every model is gone", () => !seen.models().some(isDeleted));
  const goneMs = performance.now() - begun;
  await until("every child is gone", () => seen.left(names) === 0);
  const restMs = performance.now() - begun;
  if (ground.isOperatorRunning()) await settled(ground);
  await podsGone(ground, isDeleted);
  return { count: names.length, askedMs: round(askedMs), goneMs: round(goneMs), restMs: round(restMs) };
}

/** Pods and ReplicaSets follow their Deployments; the next figure must not pay for them. */
async function podsGone({ admin }: OperatorGround, isDeleted: (model: string) => boolean): Promise<void> {
  for (const end = performance.now() + patienceMs; ; await delay(250)) {
    const { items } = (await admin.call("GET", `/api/v1/namespaces/${namespace}/pods`)) as {
      readonly items: readonly Item[];
    };
    if (!items.some(({ metadata }) => isDeleted(metadata.labels?.[labels.model] ?? ""))) return;
    if (performance.now() > end) throw new Error("pods are left of models that are gone");
  }
}

/** Waits until the operator sends nothing any more. */
export async function settled({ audit }: OperatorGround): Promise<void> {
  await until("the operator is quiet", () => audit.quietMs() > quietMs, 250);
}

export async function until(what: string, holds: () => boolean, everyMs = 20): Promise<void> {
  for (const end = performance.now() + patienceMs; !holds(); await delay(everyMs)) {
    if (performance.now() > end) throw new Error(`not within ${patienceMs / 1000} s: ${what}`);
  }
}
