import { elements, textOf } from "./xml.ts";

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  /** Strong, in its quotes; undefined when the listing has none that a condition could name. */
  readonly etag: string | undefined;
}

/** One page of `ListObjectsV2`, or of `ListObjects` from a server that knows the old form alone. */
export interface Listing {
  readonly objects: readonly ListedObject[];
  /** Whether more follows; undefined when the page does not say so in a word that XML has for it. */
  readonly isTruncated: boolean | undefined;
  /** Asks for the next page, in the new form. */
  readonly continuationToken: string | undefined;
  /** Asks for the next page, in the old form. */
  readonly nextMarker: string | undefined;
  /** It gives folders in place of the keys below them. */
  readonly isFolded: boolean;
  /** The page ends where it should. Without a length, a connection that is cut looks like the end. */
  readonly isWhole: boolean;
}

/** Reads a page; undefined when it is none. */
export function parseListing(xml: string): Listing | undefined {
  if (!xml.includes("<ListBucketResult")) return undefined;
  const encoded = textOf(xml, "EncodingType") === "url";
  const objects: ListedObject[] = [];
  for (const content of elements(xml, "Contents")) {
    const key = decodeKey(textOf(content, "Key"), encoded);
    const size = Number(textOf(content, "Size") || Number.NaN);
    if (key === undefined || !Number.isSafeInteger(size) || size < 0) return undefined;
    objects.push({ key, size, etag: strongTag(textOf(content, "ETag")) });
  }
  const marker = textOf(xml, "NextMarker");
  return {
    objects,
    isTruncated: truthOf(textOf(xml, "IsTruncated")),
    continuationToken: textOf(xml, "NextContinuationToken") || undefined,
    // Some servers encode the keys and not the marker, which is one of them.
    nextMarker: (objects.at(-1)?.key === marker ? marker : decodeKey(marker, encoded)) || undefined,
    isFolded: !elements(xml, "CommonPrefixes").next().done,
    isWhole: xml.includes("</ListBucketResult>"),
  };
}

function decodeKey(key: string | undefined, encoded: boolean): string | undefined {
  if (key === undefined || !encoded) return key;
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/** Some servers leave the quotes out. A weak tag cannot be a condition, and one that could break a header is none. */
function strongTag(text: string | undefined): string | undefined {
  const tag = /^(?:"([\x21\x23-\x7e]+)"|((?!W\/)[\x21\x23-\x7e]+))$/.exec(text ?? "");
  return tag === null ? undefined : `"${tag[1] ?? tag[2]}"`;
}

/** `xsd:boolean`, in any case. What else there may stand is no answer: "false" by default would end a listing early. */
function truthOf(text: string | undefined): boolean | undefined {
  const word = text?.trim().toLowerCase() ?? "";
  if (["true", "1"].includes(word)) return true;
  return ["false", "0"].includes(word) ? false : undefined;
}
