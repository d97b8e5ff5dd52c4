import { type KubeObject, compareResourceVersions, keyOfObject } from "../transport/resources.ts";

export type Change<T> =
  | { readonly kind: "added"; readonly key: string; readonly now: T }
  | { readonly kind: "changed"; readonly key: string; readonly now: T; readonly before: T }
  | { readonly kind: "removed"; readonly key: string; readonly before: T };

/** Identity of a cached object, kept beside its projection. */
export interface CachedIdentity {
  readonly uid: string;
  readonly resourceVersion: string;
  /** It has a deletionTimestamp. */
  readonly deleting: boolean;
}

/** Values under which an object is found. Must be a pure function of its arguments. */
export type IndexFunction<T> = (value: T, key: string) => readonly string[];

export interface Entry<T> extends CachedIdentity {
  readonly value: T;
}

/** Projections of a collection by key and by index, and the law of what counts as which change. */
export interface Store<T> {
  get(key: string): Entry<T> | undefined;
  values(): T[];
  indexed(index: string, value: string): T[];
  size(): number;
  /** ADDED or MODIFIED of a stream. Older than what is held: nothing. */
  put(object: KubeObject): void;
  /** DELETED of a stream. */
  remove(object: KubeObject): void;
  /** Begins a new full state beside the present one. */
  replacement(): Replacement;
}

export interface Replacement {
  take(object: KubeObject): void;
  /** Makes the taken objects the state; reports what differs. */
  commit(): void;
}

export interface StoreOptions<T> {
  readonly project: (raw: KubeObject) => T;
  readonly indexBy: Readonly<Record<string, IndexFunction<T>>>;
  /** Must not throw. */
  readonly onChange: (change: Change<T>) => void;
  /** A projection or an index function threw; the object is left as it was in the cache, or out of it. */
  readonly onDefect: (key: string, error: unknown) => void;
}

/**
 * Law, for an object `now` against what is held under its key:
 * nothing held -> added · another uid -> removed, then added (deleted and made again while nobody looked)
 * · the same resourceVersion or an older one -> nothing · else changed.
 */
export function createStore<T>(options: StoreOptions<T>): Store<T> {
  const entries = new Map<string, Entry<T>>();
  const indexes = new Map(
    Object.entries(options.indexBy).map(([name, valuesOf]) => [
      name,
      { valuesOf, keys: new Map<string, Set<string>>() } as const,
    ]),
  );

  const entryOf = (key: string, object: KubeObject): Entry<T> | undefined => {
    const { uid, resourceVersion, deletionTimestamp } = object.metadata;
    try {
      const value = options.project(object);
      for (const { valuesOf } of indexes.values()) valuesOf(value, key); // throws here or never: it is pure
      return { uid, resourceVersion, deleting: deletionTimestamp !== undefined, value };
    } catch (error) {
      options.onDefect(key, error);
      return undefined;
    }
  };

  const unindex = (key: string, entry: Entry<T>): void => {
    for (const { valuesOf, keys } of indexes.values()) {
      for (const value of valuesOf(entry.value, key)) {
        const found = keys.get(value);
        found?.delete(key);
        if (found?.size === 0) keys.delete(value);
      }
    }
  };

  const set = (key: string, entry: Entry<T>): void => {
    const before = entries.get(key);
    if (before !== undefined) unindex(key, before);
    entries.set(key, entry);
    for (const { valuesOf, keys } of indexes.values()) {
      for (const value of valuesOf(entry.value, key)) {
        const found = keys.get(value);
        if (found === undefined) keys.set(value, new Set([key]));
        else found.add(key);
      }
    }
  };

  const drop = (key: string): void => {
    const before = entries.get(key);
    if (before === undefined) return;
    unindex(key, before);
    entries.delete(key);
    options.onChange({ kind: "removed", key, before: before.value });
  };

  const replace = (key: string, entry: Entry<T>): void => {
    const before = entries.get(key);
    if (before !== undefined && before.uid !== entry.uid) drop(key);
    set(key, entry);
    if (before === undefined || before.uid !== entry.uid) {
      options.onChange({ kind: "added", key, now: entry.value });
    } else {
      options.onChange({ kind: "changed", key, now: entry.value, before: before.value });
    }
  };

  return {
    get: (key) => entries.get(key),
    values: () => Array.from(entries.values(), (entry) => entry.value),
    size: () => entries.size,
    indexed: (index, value) => {
      const keys = indexes.get(index)?.keys;
      if (keys === undefined) throw new Error(`no index "${index}": name it in indexBy`);
      const found: T[] = [];
      for (const key of keys.get(value) ?? []) {
        const entry = entries.get(key);
        if (entry !== undefined) found.push(entry.value);
      }
      return found;
    },
    put: (object) => {
      const key = keyOfObject(object);
      if (isNews(entries.get(key), object)) {
        const entry = entryOf(key, object);
        if (entry !== undefined) replace(key, entry);
      }
    },
    remove: (object) => drop(keyOfObject(object)),
    replacement: () => {
      const taken = new Map<string, Entry<T> | undefined>();
      return {
        take: (object) => {
          const key = keyOfObject(object);
          const held = entries.get(key);
          const same = held?.uid === object.metadata.uid && held.resourceVersion === object.metadata.resourceVersion;
          taken.set(key, same ? held : (entryOf(key, object) ?? held));
        },
        commit: () => {
          for (const key of entries.keys()) if (!taken.has(key)) drop(key); // a Map may be deleted from while it is walked
          for (const [key, entry] of taken) if (entry !== undefined && entries.get(key) !== entry) replace(key, entry);
        },
      };
    },
  };
}

function isNews(held: CachedIdentity | undefined, object: KubeObject): boolean {
  if (held === undefined || held.uid !== object.metadata.uid) return true;
  const order = compareResourceVersions(held.resourceVersion, object.metadata.resourceVersion);
  return order === undefined || order < 0;
}
