import { isNotFound, LostLeaseError } from "./errors.ts";
import { type List, type ListOptions, listPages } from "../watch/list.ts";
import { type KubeObject, type Resource, pathOf } from "./resources.ts";
import type { Transport } from "./transport.ts";

export interface CreateOptions {
  readonly fieldManager: string;
  readonly signal?: AbortSignal | undefined;
  /** Strict: a field that the kind does not have is refused (400) instead of dropped; the server's default is Warn. */
  readonly fieldValidation?: "Strict";
}

export interface PatchOptions {
  /** `apply` is server-side apply; its body must be a whole manifest with apiVersion and kind. */
  readonly type: "merge" | "apply" | "json";
  readonly fieldManager: string;
  /** As for a create. */
  readonly fieldValidation?: "Strict";
  readonly subresource?: string;
  /** Only with `apply`: take over fields that other managers own instead of answering 409. */
  readonly force?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface RemoveOptions {
  /** Only this incarnation is deleted; another object under the name answers 409. */
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly signal?: AbortSignal | undefined;
}

/**
 * Typed verbs over the transport. Every mutating verb asks `mayWrite` at the last moment before its bytes leave, at
 * each attempt, and throws LostLeaseError instead of sending. All verbs throw ApiError and TransportError.
 */
export interface Client {
  get<T extends KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    signal?: AbortSignal,
  ): Promise<T>;
  /** Reads page by page; all pages are of one resourceVersion. */
  list<T extends KubeObject>(resource: Resource, options?: ListOptions): Promise<List<T>>;
  /** Namespace and name come from the object. */
  create<T extends KubeObject>(resource: Resource, object: Manifest, options: CreateOptions): Promise<T>;
  patch<T extends KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    body: object,
    options: PatchOptions,
  ): Promise<T>;
  /** Resolves when the deletion is accepted, finalizers may still hold the object; 404 is success: it is gone. */
  remove(resource: Resource, namespace: string | undefined, name: string, options: RemoveOptions): Promise<void>;
}

/** What a create needs to know of its object. */
export interface Manifest {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const patchContentTypes = {
  merge: "application/merge-patch+json",
  apply: "application/apply-patch+yaml", // JSON is YAML, and every API server since 1.16 takes it under this name
  json: "application/json-patch+json",
} as const;

export function createClient(transport: Transport, options: { readonly mayWrite: () => boolean }): Client {
  const guard = (): void => {
    if (!options.mayWrite()) throw new LostLeaseError();
  };

  return {
    get: (resource, namespace, name, signal) =>
      transport.request({ method: "GET", path: pathOf(resource, namespace, name), signal }),

    list: async <T extends KubeObject>(resource: Resource, listOptions: ListOptions = {}): Promise<List<T>> => {
      const items: T[] = [];
      let resourceVersion = "";
      for await (const page of listPages<T>(transport, resource, listOptions)) {
        for (const item of page.items) items.push(item);
        resourceVersion = page.resourceVersion;
      }
      return { items, resourceVersion };
    },

    create: async (resource, object, { fieldManager, signal, fieldValidation }) => {
      guard();
      return await transport.request({
        method: "POST",
        path: pathOf(resource, object.metadata.namespace),
        query: { fieldManager, fieldValidation },
        body: object,
        signal,
        guard,
      });
    },

    patch: async (
      resource,
      namespace,
      name,
      body,
      { type, fieldManager, fieldValidation, subresource, force, signal },
    ) => {
      guard();
      return await transport.request({
        method: "PATCH",
        path: pathOf(resource, namespace, name, subresource),
        query: { fieldManager, fieldValidation, force },
        body,
        contentType: patchContentTypes[type],
        // Apply and merge name the wanted state, so that doing it twice is doing it once; a JSON patch is a list of steps.
        idempotent: type !== "json",
        signal,
        guard,
      });
    },

    remove: async (resource, namespace, name, { uid, resourceVersion, propagationPolicy, signal }) => {
      guard();
      try {
        await transport.request({
          method: "DELETE",
          path: pathOf(resource, namespace, name),
          body: { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid, resourceVersion }, propagationPolicy },
          idempotent: true, // the uid precondition keeps a repeated delete off the next object of that name
          signal,
          guard,
        });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  };
}
