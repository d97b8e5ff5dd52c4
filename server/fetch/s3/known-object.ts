import { isFailure, isRefusal } from "../failure.ts";
import { askAside } from "../sources/ask-aside.ts";
import { isCommit } from "../commit.ts";
import { discard } from "../http/body.ts";
import type { Fetched, SourceRequest } from "../sources/source.ts";
import type { S3Address } from "./address.ts";
import type { S3Client } from "./client.ts";
import { fetchObject, versionOf } from "./fetch-object.ts";

/**
 * The model of one object: of the version that the uri names, else of the one that is recorded, as long as the bucket has
 * it and gives it (which needs `s3:GetObjectVersion`), else of the newest. A commit is the record of a uri that was `hf://`
 * then: no bucket has to be asked for it.
 *
 * A store that cannot give a version says so in words of its own: 404 NoSuchVersion, 403 AccessDenied, 405 for one that
 * marks a deletion, 403 InvalidObjectState for one in an archive; and for an id that another store gave, 400
 * InvalidArgument or 501 NotImplemented.
 */
export async function knownObject(client: S3Client, address: S3Address, request: SourceRequest): Promise<Fetched> {
  const pin = request.known?.pin;
  if (address.versionId !== undefined || pin === undefined || isCommit(pin))
    return fetchNewest(client, address, request);
  try {
    const { digest } = await fetchObject(client, { ...address, versionId: pin }, request);
    return { digest, pin, warning: await moved(client, address, pin, request) };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    request.log.warn({ reason: error.reason }, `the recorded version cannot be had: ${error.message}`);
    const gone = `as version ${pin} of the object, which the bucket does not give any more`;
    return fetchNewest(client, address, { ...request, checkDigest: (digest) => request.checkDigest(digest, gone) });
  }
}

async function fetchNewest(client: S3Client, address: S3Address, request: SourceRequest): Promise<Fetched> {
  const { digest, versionId } = await fetchObject(client, address, request);
  return { digest, pin: versionId };
}

/** Whether a newer version has other bytes, by two small requests. */
async function moved(
  client: S3Client,
  address: S3Address,
  pin: string,
  request: SourceRequest,
): Promise<string | undefined> {
  const question = (signal: AbortSignal): Promise<string | undefined> => newestInstead(client, address, pin, signal);
  return askAside(question, "whether the object has a newer version", request);
}

async function newestInstead(
  client: S3Client,
  { bucket, key }: S3Address,
  pin: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const one = { key, headers: { range: "bytes=0-0" }, signal };
  try {
    const newest = await client.get({ ...one, query: {} });
    await discard(newest.body);
    const versionId = versionOf(newest);
    if (versionId === undefined || versionId === pin) return undefined;
    const own = await client.get({ ...one, query: { versionId: pin } });
    await discard(own.body);
    if (own.headers["etag"] === newest.headers["etag"]) return undefined;
    return `s3://${bucket}/${key} is version ${versionId} by now; this version goes on with ${pin}. To serve the new bytes, add them as a version with a name of its own.`;
  } catch (error) {
    if (isFailure(error) && error.reason === "NotFound") {
      return `s3://${bucket}/${key} was deleted; this version goes on with version ${pin} of the object, as long as the bucket keeps it.`;
    }
    throw error;
  }
}
