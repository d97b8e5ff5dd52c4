import { posix } from "node:path";
import { quote } from "./configuration.ts";
import { downloadAside, downloadInto } from "./download-file.ts";
import { failure } from "./failure.ts";
import { type Opened, openAt, type Position } from "./http/range.ts";
import { placeDownload } from "./place-download.ts";
import { isFolder, parseS3Address, readEndpoint, type S3Address } from "./s3/address.ts";
import { createS3Client, type S3Client } from "./s3/client.ts";
import { identify } from "./s3/identity.ts";
import { listObjects } from "./s3/list-objects.ts";
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
  const objects = await listObjects(client, address, request);
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
