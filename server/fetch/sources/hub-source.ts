import { posix } from "node:path";
import { quote } from "../configuration.ts";
import { downloadAside, downloadInto, logRetry } from "./download-file.ts";
import { failure, isFailure, toFailure } from "../failure.ts";
import { endpointUrl } from "../http/endpoint.ts";
import { type HubAddress, parseHubAddress } from "../hub/address.ts";
import { createHubClient, type HubClient } from "../hub/client.ts";
import { type FoundRevision, isGone, knownRevision, resolvedAnew } from "../hub/known-revision.ts";
import type { HubFile, HubRevision } from "../hub/revision.ts";
import { placeDownload } from "./place-download.ts";
import type { Fetched, Source, SourceRequest } from "./source.ts";
import { type ModelFile, treeDigest } from "../model/tree-digest.ts";

const defaultEndpoint = "https://huggingface.co";

/**
 * `hf://owner/name[@revision][/path]`: a file, a tar or a folder of a model repository on the Hugging Face Hub. The
 * revision is resolved to a commit first, so that all files are of one, and those of pods that come later, too: the commit
 * is recorded.
 */
export const fetchHub: Source = async (request) => {
  const { log, credentials, environment } = request;
  const address = parseHubAddress(request.uri);
  const endpoint = (await credentials.read("HF_ENDPOINT")) ?? (environment["HF_ENDPOINT"] || defaultEndpoint);
  const client = createHubClient(address, {
    ...request,
    endpoint: endpointUrl("HF_ENDPOINT", endpoint),
    token: async () => (await credentials.read("HF_TOKEN")) ?? credentials.read("token"),
    onRetry: logRetry(log),
  });
  try {
    const found = await knownRevision(client, address, request);
    const { commit } = found.revision;
    try {
      return await fetchFound(client, address, found, request);
    } catch (error) {
      if (!found.isRecorded || !isGone(error)) throw error;
      // A history that was squashed leaves commits that are still listed, without their files.
      const anew = await resolvedAnew(client, address, commit);
      if (anew.revision.commit === commit) throw error;
      const { reason, message } = toFailure(error);
      log.warn({ reason }, `the recorded commit cannot be had: ${message}`);
      await request.directory.empty();
      return await fetchFound(client, address, anew, request);
    }
  } finally {
    await client.close();
  }
};

async function fetchFound(
  client: HubClient,
  address: HubAddress,
  { revision, gone, warning }: FoundRevision,
  request: SourceRequest,
): Promise<Fetched> {
  const { repository, revision: named } = address;
  request.log.info({ commit: revision.commit }, `downloading ${repository}@${named}`);
  const judged = { ...request, checkDigest: (digest: string) => request.checkDigest(digest, gone) };
  return { digest: await fetchRevision(client, address, revision, judged), pin: revision.commit, warning };
}

async function fetchRevision(
  client: HubClient,
  address: HubAddress,
  revision: HubRevision,
  request: SourceRequest,
): Promise<string> {
  const isAsked = ({ path }: HubFile): boolean => path === address.path;
  const listed = revision.files.find(isAsked);
  if (listed !== undefined) return fetchFile(client, address, revision.commit, listed, request);
  if (!revision.mayBeCut) return fetchFolder(client, address, revision, request);
  const files = await listTree(client, address, revision);
  const file = files.find(isAsked);
  return file === undefined
    ? fetchFolder(client, address, { ...revision, files }, request)
    : fetchFile(client, address, revision.commit, file, request);
}

/** What lies at or below a path of a large repository; what is no folder is taken for a file, and asked for as one. */
async function listTree(client: HubClient, { path }: HubAddress, { commit }: HubRevision): Promise<readonly HubFile[]> {
  try {
    return await client.list(commit, path);
  } catch (error) {
    if (path === "" || !isFailure(error) || error.reason !== "NotFound") throw error;
    return [{ path, size: undefined, sha256: undefined }];
  }
}

async function fetchFile(
  client: HubClient,
  { repository }: HubAddress,
  commit: string,
  file: HubFile,
  request: SourceRequest,
): Promise<string> {
  // The Hub knows the digest of a large file, so a wrong one need not be downloaded.
  const listed = file.path.endsWith(".onnx") && file.sha256 !== undefined ? `sha256:${file.sha256}` : undefined;
  if (listed !== undefined) request.checkDigest(listed);
  const what = quote(`${repository}/${file.path}`);
  const downloaded = await downloadAside(request, { what, open: (at) => client.open(commit, file.path, at) });
  requireSame(what, file, downloaded);
  const digest = await placeDownload({ ...downloaded, name: posix.basename(file.path), host: "The Hub" }, request);
  if (listed === undefined || listed === digest) return digest;
  // Its pods would be judged by two digests: the one of what is inside, and before the next download the Hub's.
  throw failure(
    "NotAModel",
    `${what} is called .onnx, but is packed in a gzip, a zstd or a tar. Upload the model itself, or call it .onnx.gz or .tar.`,
  );
}

async function fetchFolder(
  client: HubClient,
  { repository, revision, path }: HubAddress,
  { commit, files: all }: HubRevision,
  request: SourceRequest,
): Promise<string> {
  const { directory, limits, checkDigest } = request;
  const prefix = path === "" ? "" : `${path}/`;
  const files = all.filter((file) => file.path.startsWith(prefix));
  const shown = quote(`${repository}@${revision}/${prefix}`);
  if (files.length === 0) {
    throw failure("NotFound", `Nothing lies at or below ${shown}. Check revision and path in the uri.`);
  }
  const bytes = files.reduce((sum, { size }) => sum + (size ?? 0), 0);
  if (files.length > limits.files || bytes > limits.totalBytes) {
    throw failure(
      "TooLarge",
      `${shown} has ${files.length} files with ${bytes} bytes, more than the ${limits.files} files or ${limits.totalBytes} bytes that are allowed. Name the model's own folder or file in the uri, or raise source.sizeLimit.`,
    );
  }
  if (files.every(({ size }) => size !== undefined)) request.onTotal(bytes);
  for (const file of files) {
    const what = quote(`${repository}/${file.path}`);
    const found = await downloadInto(request, file.path.slice(prefix.length), {
      what,
      size: file.size,
      open: (at) => client.open(commit, file.path, at),
    });
    requireSame(what, file, found);
  }
  const digest = treeDigest(directory.files());
  checkDigest(digest);
  return digest;
}

function requireSame(what: string, { sha256 }: HubFile, found: ModelFile): void {
  if (sha256 === undefined || sha256 === found.sha256) return;
  throw failure(
    "DigestMismatch",
    `The Hub lists ${what} with the digest sha256:${sha256}, and its bytes have sha256:${found.sha256}: its copy is damaged. Upload the file again.`,
  );
}
