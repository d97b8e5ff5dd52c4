import { posix } from "node:path";
import { quote } from "./configuration.ts";
import { downloadAside, downloadInto, logRetry } from "./download-file.ts";
import { failure } from "./failure.ts";
import { readBytes } from "./http/body.ts";
import { type Opened, openAt, type Position } from "./http/range.ts";
import { listingBytes } from "./limits.ts";
import { placeDownload } from "./place-download.ts";
import { withRetries } from "./retry.ts";
import { isFolder, parseS3Address, readEndpoint, type S3Address } from "./s3/address.ts";
import { createS3Client, type S3Client } from "./s3/client.ts";
import { identify } from "./s3/identity.ts";
import { type ListedObject, parseListing } from "./s3/listing.ts";
import type { Source, SourceRequest } from "./source.ts";
import { treeDigest } from "./tree-digest.ts";

/**
 * `s3://bucket/key` is one object: the model, or a tar of its folder, in gzip or not; `s3://bucket/prefix/` is every
 * object below. At AWS, or any S3-compatible server that `AWS_ENDPOINT_URL` names. The digest is known after the
 * download.
 */
export const fetchS3: Source = async (request) => {
  const { plainHttpHosts, certificateAuthority, limits, signal, credentials, environment } = request;
  const address = parseS3Address(request.uri);
  const endpoint = await readEndpoint(credentials, environment);
  const http = { plainHttpHosts, certificateAuthority, limits, signal };
  const client = createS3Client({
    http,
    endpoint,
    bucket: address.bucket,
    identify: (region) => identify({ credentials, environment, region, http }),
    wallClock: () => new Date(),
  });
  try {
    return await (isFolder(address.key)
      ? fetchFolder(client, address, request)
      : fetchObject(client, address, request));
  } finally {
    await client.close();
  }
};

async function fetchObject(client: S3Client, address: S3Address, request: SourceRequest): Promise<string> {
  const { bucket, key, versionId } = address;
  const what = quote(`${bucket}/${key}`);
  const query = versionId === undefined ? {} : { versionId };
  const downloaded = await downloadAside(request, {
    what,
    open: (at) => openObject(client, at, { key, what, query, etag: undefined }),
  });
  return placeDownload({ ...downloaded, name: posix.basename(key), host: `The bucket ${bucket}` }, request);
}

async function fetchFolder(client: S3Client, address: S3Address, request: SourceRequest): Promise<string> {
  const { directory, log, checkDigest } = request;
  const objects = await listFolder(client, address, request);
  log.info({ files: objects.length }, `downloading ${address.bucket}/${address.key}`);
  request.onTotal(objects.reduce((sum, { size }) => sum + size, 0));
  for (const { key, size, etag } of objects) {
    const what = quote(`${address.bucket}/${key}`);
    await downloadInto(request, key.slice(address.key.length), {
      what,
      size,
      open: (at) => openObject(client, at, { key, what, query: {}, etag }),
    });
  }
  const digest = treeDigest(directory.files());
  checkDigest(digest);
  return digest;
}

interface ObjectRequest {
  readonly key: string;
  readonly what: string;
  readonly query: Readonly<Record<string, string>>;
  /** What a listing said; only the object that was listed will do. */
  readonly etag: string | undefined;
}

function openObject(client: S3Client, at: Position, { key, what, query, etag }: ObjectRequest): Promise<Opened> {
  const listed = etag === undefined ? {} : { "if-match": etag };
  return openAt(at, {
    condition: "if-match",
    send: (headers) => client.get({ key, query, headers: { ...headers, ...listed } }),
    refuse: async () =>
      failure("SourceUnavailable", `${what} was changed while it was downloaded. The next attempt takes the new one.`),
  });
}

/** All objects of a folder, and all that can be refused before the first one is downloaded. */
async function listFolder(
  client: S3Client,
  { bucket, key: prefix }: S3Address,
  { limits, signal, log }: SourceRequest,
): Promise<readonly ListedObject[]> {
  const what = quote(`${bucket}/${prefix}`);
  const objects: ListedObject[] = [];
  let continuationToken: string | undefined;
  do {
    const query = {
      "list-type": "2",
      "encoding-type": "url",
      prefix,
      ...(continuationToken === undefined ? {} : { "continuation-token": continuationToken }),
    };
    const page = await withRetries(
      async () => {
        const answer = await client.get({ key: "", query, headers: {} });
        const bytes = await readBytes(answer, listingBytes, `The listing of ${what}`, limits);
        return parseListing(bytes.toString("utf8"));
      },
      { limits, signal, onRetry: logRetry(log) },
    );
    if (page === undefined) {
      throw failure("SourceUnavailable", `The listing of ${what} is not S3's. Check AWS_ENDPOINT_URL.`);
    }
    // Consoles make an empty object to show a folder that holds nothing.
    objects.push(...page.objects.filter(({ key }) => key.startsWith(prefix) && !key.endsWith("/")));
    if (objects.length > limits.files) {
      throw failure("TooLarge", `${what} holds more than the ${limits.files} files that are allowed.`);
    }
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
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
