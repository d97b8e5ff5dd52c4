import type { KubeObject, Resource } from "./resources.ts";
import type { Transport } from "./transport.ts";

export interface ListOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface List<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

export interface PatchOptions {
  readonly type: "merge" | "apply" | "json";
  readonly fieldManager: string;
  readonly subresource?: string;
  /** Only with `apply`: take over fields that other managers own. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
}

export interface RemoveOptions {
  /** Only this incarnation is deleted; another object under the name answers 409. */
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly signal?: AbortSignal;
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
  create<T extends KubeObject>(
    resource: Resource,
    object: object,
    options: { readonly fieldManager: string; readonly signal?: AbortSignal },
  ): Promise<T>;
  patch<T extends KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    body: object,
    options: PatchOptions,
  ): Promise<T>;
  /** Resolves when the deletion is accepted; a 404 is success, as the object is gone. */
  remove(resource: Resource, namespace: string | undefined, name: string, options: RemoveOptions): Promise<void>;
}

export declare function createClient(transport: Transport, options: { readonly mayWrite: () => boolean }): Client;
