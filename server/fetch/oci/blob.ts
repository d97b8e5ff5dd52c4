import type { FileHandle } from "node:fs/promises";
import { type Failure, failure } from "../failure.ts";
import { download, type DownloadOptions } from "../http/download.ts";
import type { RegistryClient } from "./client.ts";
import type { Descriptor } from "./manifest.ts";

/** Downloads a blob into an empty file and checks size and sha256 on the way. */
export async function downloadBlob(
  client: RegistryClient,
  blob: Descriptor,
  file: FileHandle,
  options: DownloadOptions,
): Promise<void> {
  const { size } = blob;
  // Some registries do not store the empty blob.
  const sha256 =
    size === 0
      ? emptySha256
      : (
          await download(
            {
              what: `layer ${blob.digest}`,
              size,
              bound: size,
              refuseLarger: () => damaged(blob, `more than its ${size} bytes arrived`),
              open: (at) => client.blob(blob.digest, at),
            },
            file,
            options,
          )
        ).sha256;
  if (`sha256:${sha256}` !== blob.digest) throw damaged(blob, `the bytes have the digest sha256:${sha256}`);
}

const emptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function damaged(blob: Descriptor, what: string): Failure {
  return failure("DigestMismatch", `Layer ${blob.digest} is damaged in the registry: ${what}. Push the model again.`);
}
