import { elements, textOf } from "./xml.ts";

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string | undefined;
}

/** One page of `ListObjectsV2`. */
export interface Listing {
  readonly objects: readonly ListedObject[];
  /** Asks for the next page; undefined on the last. */
  readonly continuationToken: string | undefined;
}

/** Reads a page; undefined when it is none. */
export function parseListing(xml: string): Listing | undefined {
  if (!xml.includes("<ListBucketResult")) return undefined;
  const encoded = textOf(xml, "EncodingType") === "url";
  const objects: ListedObject[] = [];
  for (const content of elements(xml, "Contents")) {
    const key = decodeKey(textOf(content, "Key"), encoded);
    const size = Number(textOf(content, "Size") ?? Number.NaN);
    if (key === undefined || !Number.isSafeInteger(size) || size < 0) return undefined;
    const etag = textOf(content, "ETag");
    objects.push({ key, size, etag: etag !== undefined && /^"[\x21\x23-\x7e]+"$/.test(etag) ? etag : undefined });
  }
  const next = textOf(xml, "IsTruncated") === "true" ? textOf(xml, "NextContinuationToken") : undefined;
  return { objects, continuationToken: next === "" ? undefined : next };
}

function decodeKey(key: string | undefined, encoded: boolean): string | undefined {
  if (key === undefined || !encoded) return key;
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
