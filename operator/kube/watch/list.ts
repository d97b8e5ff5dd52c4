import { TransportError } from "../transport/errors.ts";
import { type KubeObject, type Resource, apiVersionOf, pathOf } from "../transport/resources.ts";
import type { Transport } from "../transport/transport.ts";
import type { Turn } from "../control/turn.ts";

export interface ListOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Held for each page, from its request until the caller is done with it. */
  readonly turn?: Turn | undefined;
}

export interface List<T> {
  readonly items: readonly T[];
  /** Of the collection as a whole: where a watch goes on. */
  readonly resourceVersion: string;
}

/** A MiB or two in practice. A page is held as text and as objects at once, so larger ones (client-go: 500) cost memory. */
export const pageSize = 200;
/** A million objects; a bound against a server that never stops handing out continue tokens. */
const maxPages = 2_000;

/**
 * A collection page by page, read from one resourceVersion that is at least as new as the call. Throws ApiError with
 * `isGone` when the server has compacted it away before the last page: then start again.
 */
export async function* listPages<T extends KubeObject>(
  transport: Transport,
  resource: Resource,
  options: ListOptions,
): AsyncGenerator<List<T>, void, undefined> {
  const path = pathOf(resource, options.namespace);
  let token: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const endTurn = await options.turn?.take();
    try {
      const answer = await transport.request<RawList<T>>({
        method: "GET",
        path,
        query: {
          limit: pageSize,
          continue: token,
          labelSelector: options.labelSelector,
          fieldSelector: options.fieldSelector,
        },
        signal: options.signal,
      });
      const resourceVersion = answer.metadata?.resourceVersion;
      if (resourceVersion === undefined) throw new TransportError("NotAList", `${path}: the answer is not a list`);
      // Items of a list lack what every item of a watch has; readers should not have to know which one they got.
      const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
      const items = answer.items ?? [];
      for (const item of items) Object.assign(item, type);
      yield { items, resourceVersion };
      token = answer.metadata?.continue;
    } finally {
      endTurn?.();
    }
    if (token === undefined || token === "") return;
  }
  throw new TransportError("TooLarge", `${path}: more than ${maxPages} pages of ${pageSize}`);
}

interface RawList<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly T[] | null;
}
