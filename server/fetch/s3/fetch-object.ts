import { posix } from "node:path";
import { quote } from "../configuration.ts";
import { downloadAside } from "../sources/download-file.ts";
import type { Answer } from "../http/client.ts";
import { openAt } from "../http/range.ts";
import { placeDownload } from "../sources/place-download.ts";
import type { SourceRequest } from "../sources/source.ts";
import type { S3Address } from "./address.ts";
import type { S3Client } from "./client.ts";
import { unexpected } from "./open-listed.ts";

export interface FetchedObject {
  readonly digest: string;
  /** Names the same bytes for as long as the bucket keeps them; undefined where it keeps no versions. */
  readonly versionId: string | undefined;
}

/** Makes the model of one object: of the version that is asked for, else of the newest. */
export async function fetchObject(
  client: S3Client,
  { bucket, key, versionId: wanted }: S3Address,
  request: SourceRequest,
): Promise<FetchedObject> {
  const what = quote(`${bucket}/${key}`);
  const query = wanted === undefined ? {} : { versionId: wanted };
  let versionId: string | undefined;
  const downloaded = await downloadAside(request, {
    what,
    open: (at) =>
      openAt(at, {
        condition: "if-match",
        async send(headers) {
          const answer = await client.get({ key, query, headers });
          // After a cut the bytes may be those of another answer; the last one that brought some counts.
          if (answer.status < 300) versionId = versionOf(answer);
          return answer;
        },
        refuse: (answer) => unexpected(answer, what),
      }),
  });
  const named = { ...downloaded, name: posix.basename(key), host: `The bucket ${bucket}` };
  return { digest: await placeDownload(named, request), versionId };
}

/** `null` is what a bucket calls the object that it keeps without versions; the next one takes its place and its name. */
export function versionOf({ headers }: Pick<Answer, "headers">): string | undefined {
  const version = headers["x-amz-version-id"];
  return typeof version === "string" && version !== "null" && /^[\x21-\x7e]{1,1024}$/.test(version)
    ? version
    : undefined;
}
