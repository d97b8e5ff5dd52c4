import { quote } from "../configuration.ts";
import { emptyPages } from "../limits.ts";
import type { ListedObject, Listing } from "./listing.ts";

/** What asks for the page after another one. */
export interface Continuation {
  /** The parameter: of `ListObjectsV2`, or of `ListObjects`, in which servers go on that do not know the new form. */
  readonly name: "continuation-token" | "marker";
  readonly value: string;
}

/** What is known of a listing after some of its pages. */
export interface Pages {
  readonly prefix: string;
  /** In the order of the pages; folders that consoles make of empty objects are left out. */
  readonly objects: readonly ListedObject[];
  /** Every key that was listed. */
  readonly keys: ReadonlySet<string>;
  readonly lastKey: string | undefined;
  /** Values of all continuations so far. */
  readonly asked: ReadonlySet<string>;
  /** Pages in a row that brought no key. */
  readonly empty: number;
  /** Asks for the next page; undefined when all of them are there. */
  readonly next: Continuation | undefined;
}

export function noPages(prefix: string): Pages {
  return { prefix, objects: [], keys: new Set(), lastKey: undefined, asked: new Set(), empty: 0, next: undefined };
}

/** Adds a page, or says what is wrong with it: the digest of a folder that is not complete would be recorded for ever. */
export function addPage(before: Pages, page: Listing): Pages | { readonly defect: string } {
  for (const rule of rules) {
    const defect = rule(before, page);
    if (defect !== undefined) return { defect };
  }
  const { prefix, objects, keys, lastKey, asked, empty } = before;
  const next = continuationOf(page);
  return {
    prefix,
    objects: [...objects, ...page.objects.filter(({ key }) => !key.endsWith("/"))],
    keys: new Set([...keys, ...page.objects.map(({ key }) => key)]),
    lastKey: page.objects.at(-1)?.key ?? lastKey,
    asked: next === undefined ? asked : new Set([...asked, next.value]),
    empty: page.objects.length === 0 ? empty + 1 : 0,
    next,
  };
}

/**
 * The token of the new form; without one the server answered in the old form, whose marker is the one it names, or else
 * the last key of the page (Amazon S3 API Reference, `ListObjects`, "NextMarker").
 */
function continuationOf({ isTruncated, continuationToken, nextMarker, objects }: Listing): Continuation | undefined {
  if (isTruncated !== true) return undefined;
  if (continuationToken !== undefined) return { name: "continuation-token", value: continuationToken };
  const marker = nextMarker ?? objects.at(-1)?.key;
  return marker === undefined ? undefined : { name: "marker", value: marker };
}

/** What would leave keys out unseen, or never end. */
const rules: readonly ((before: Pages, page: Listing) => string | undefined)[] = [
  namesNoEnd, // nothing says that this is all
  hidesKeys, // folders in place of keys
  strays, // keys of another prefix, or in an encoding that it does not name
  repeatsKey, // a marker or a token that was ignored
  namesNoWayOn, // more follows, and nothing to ask for it with
  repeatsContinuation, // a circle
  losesOrder, // a key is a marker only where keys are in order
  bringsNothing, // a road without end
];

function namesNoEnd(_before: Pages, { isTruncated }: Listing): string | undefined {
  return isTruncated === undefined ? "does not say whether more follows (IsTruncated)" : undefined;
}

function hidesKeys(_before: Pages, { isFolded }: Listing): string | undefined {
  return isFolded ? "gives folders in place of the keys below them (CommonPrefixes)" : undefined;
}

function strays({ prefix }: Pages, { objects }: Listing): string | undefined {
  const stray = objects.find(({ key }) => !key.startsWith(prefix));
  return stray === undefined ? undefined : `names ${quote(stray.key)}, which does not lie below`;
}

function repeatsKey({ keys }: Pages, { objects }: Listing): string | undefined {
  const own = new Set<string>();
  for (const { key } of objects) {
    if (keys.has(key) || own.has(key)) return `names ${quote(key)} twice`;
    own.add(key);
  }
  return undefined;
}

function namesNoWayOn(_before: Pages, page: Listing): string | undefined {
  if (page.isTruncated !== true || continuationOf(page) !== undefined) return undefined;
  return "says that more follows, and not how to ask for it (NextContinuationToken, NextMarker or a key)";
}

function repeatsContinuation({ asked }: Pages, page: Listing): string | undefined {
  const next = continuationOf(page);
  return next !== undefined && asked.has(next.value) ? `says twice that more follows ${quote(next.value)}` : undefined;
}

/** In the order of UTF-8 bytes, which is S3's. */
function losesOrder({ lastKey }: Pages, page: Listing): string | undefined {
  const next = continuationOf(page);
  if (next?.name !== "marker" || page.nextMarker !== undefined) return undefined;
  let before = lastKey;
  for (const { key } of page.objects) {
    if (before !== undefined && Buffer.compare(Buffer.from(before), Buffer.from(key)) >= 0) {
      return `names ${quote(key)} after ${quote(before)}, so its last key does not say where it goes on`;
    }
    before = key;
  }
  return undefined;
}

function bringsNothing({ empty }: Pages, { objects, isTruncated }: Listing): string | undefined {
  return isTruncated === true && objects.length === 0 && empty >= emptyPages
    ? `has ${emptyPages} pages in a row without a key`
    : undefined;
}
