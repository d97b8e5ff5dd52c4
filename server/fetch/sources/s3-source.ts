import { quote } from "../configuration.ts";
import { downloadInto } from "./download-file.ts";
import { isFolder, parseS3Address, readEndpoint, type S3Address } from "../s3/address.ts";
import { createS3Client, type S3Client } from "../s3/client.ts";
import { identify } from "../s3/identity.ts";
import { knownObject } from "../s3/known-object.ts";
import { listAgain, listObjects } from "../s3/list-objects.ts";
import { openListed } from "../s3/open-listed.ts";
import type { Source, SourceRequest } from "./source.ts";
import { treeDigest } from "../model/tree-digest.ts";

/**
 * `s3://bucket/key` is one object: the model, or a tar of its folder, in gzip, zstd or neither; `s3://bucket/prefix/` is every
 * object below. At AWS, or any S3-compatible server that `AWS_ENDPOINT_URL` names. The digest is known after the
 * download.
 */
export const fetchS3: Source = async (request) => {
  const { credentials, environment } = request;
  const address = parseS3Address(request.uri);
  const endpoint = await readEndpoint(credentials, environment);
  const client = createS3Client({
    http: request,
    endpoint,
    bucket: address.bucket,
    identify: (region) => identify({ credentials, environment, region, http: request }),
    wallClock: () => new Date(),
  });
  try {
    if (!isFolder(address.key)) return await knownObject(client, address, request);
    return { digest: await fetchFolder(client, address, request) };
  } finally {
    await client.close();
  }
};

async function fetchFolder(client: S3Client, address: S3Address, request: SourceRequest): Promise<string> {
  const { directory, log, checkDigest } = request;
  const objects = await listObjects(client, address, request);
  log.info({ files: objects.length }, `downloading ${address.bucket}/${address.key}`);
  request.onTotal(objects.reduce((sum, { size }) => sum + size, 0));
  for (const object of objects) {
    const what = quote(`${address.bucket}/${object.key}`);
    await downloadInto(request, object.key.slice(address.key.length), {
      what,
      size: object.size,
      open: openListed(client, object, { what, listAgain: () => listAgain(client, address, object.key, request) }),
    });
  }
  const digest = treeDigest(directory.files());
  checkDigest(digest);
  return digest;
}
