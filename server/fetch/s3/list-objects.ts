import { quote } from "../configuration.ts";
import { logRetry } from "../sources/download-file.ts";
import { failure } from "../failure.ts";
import { readBytes } from "../http/body.ts";
import { keysPerFile, listingBytes } from "../limits.ts";
import { withRetries } from "../retry.ts";
import type { SourceRequest } from "../sources/source.ts";
import type { S3Address } from "./address.ts";
import type { S3Client } from "./client.ts";
import { type ListedObject, type Listing, parseListing } from "./listing.ts";
import { addPage, type Continuation, noPages } from "./paging.ts";

type ListRequest = Pick<SourceRequest, "limits" | "signal" | "now" | "fruitlessSince" | "log">;

/**
 * All objects of a folder, and all that can be refused before the first one is downloaded. Asks in the new form
 * (`ListObjectsV2`) and goes on in the old one where the server answers in it.
 */
export async function listObjects(
  client: S3Client,
  { bucket, key: prefix }: S3Address,
  request: ListRequest,
): Promise<readonly ListedObject[]> {
  const { limits } = request;
  const what = quote(`${bucket}/${prefix}`);
  let pages = noPages(prefix);
  do {
    const added = addPage(pages, await listPage(client, { what, prefix, next: pages.next }, request));
    if ("defect" in added) {
      throw failure(
        "SourceUnavailable",
        `The listing of ${what} ${added.defect}, so the folder may not be all there. Pack it into a tar and name that in the uri, or ask for a server that lists as S3 does.`,
      );
    }
    pages = added;
    if (pages.objects.length > limits.files || pages.keys.size > limits.files * keysPerFile) {
      throw failure("TooLarge", `${what} holds more than the ${limits.files} files that are allowed.`);
    }
  } while (pages.next !== undefined);
  const { objects } = pages;
  if (objects.length === 0) {
    throw failure("NotFound", `Nothing lies below ${what}. Check bucket and prefix in the uri, or upload the model.`);
  }
  const bytes = objects.reduce((sum, { size }) => sum + size, 0);
  if (bytes > limits.totalBytes) {
    throw failure(
      "TooLarge",
      `${what} has ${bytes} bytes, more than the ${limits.totalBytes} that are allowed. Raise source.sizeLimit if that is meant.`,
    );
  }
  return objects;
}

/** What the listing says of one object by now: as the first key with its own key as prefix, it is on the first page. */
export async function listAgain(
  client: S3Client,
  { bucket }: S3Address,
  key: string,
  request: ListRequest,
): Promise<ListedObject | undefined> {
  const { objects } = await listPage(
    client,
    { what: quote(`${bucket}/${key}`), prefix: key, next: undefined },
    request,
  );
  return objects.find((object) => object.key === key);
}

interface PageRequest {
  /** For messages. */
  readonly what: string;
  readonly prefix: string;
  readonly next: Continuation | undefined;
}

/** One page, from its beginning to its end. */
function listPage(client: S3Client, page: PageRequest, request: ListRequest): Promise<Listing> {
  const { limits, log } = request;
  const { what, prefix, next } = page;
  const query = {
    ...(next?.name === "marker" ? {} : { "list-type": "2" }),
    "encoding-type": "url",
    prefix,
    ...(next === undefined ? {} : { [next.name]: next.value }),
  };
  const attempt = async (): Promise<Listing> => {
    const answer = await client.get({ key: "", query, headers: {} });
    const bytes = await readBytes(answer, listingBytes, `The listing of ${what}`, limits);
    const listing = parseListing(bytes.toString("utf8"));
    if (listing === undefined) {
      throw failure("SourceUnavailable", `The listing of ${what} is not S3's. Check AWS_ENDPOINT_URL.`);
    }
    if (!listing.isWhole) throw failure("SourceUnavailable", `${answer.host} ended the listing of ${what} early.`, {});
    return listing;
  };
  return withRetries(attempt, { ...request, onRetry: logRetry(log) });
}
