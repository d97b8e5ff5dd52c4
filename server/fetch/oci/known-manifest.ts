import { askAside } from "../sources/ask-aside.ts";
import { isFailure } from "../failure.ts";
import type { SourceRequest } from "../sources/source.ts";
import type { FetchedManifest, RegistryClient } from "./client.ts";
import { type Reference, showReference } from "./reference.ts";

export interface FoundManifest extends FetchedManifest {
  /** The tag leads elsewhere by now. */
  readonly warning: string | undefined;
}

/**
 * The manifest that a version stands for, judged before any layer is downloaded:
 *
 *   uri names   known            asked for    and the tag
 *   ---------   -----            ---------    -----------
 *   a digest    whatever         that digest  does not count
 *   a tag       nothing          the tag
 *   a tag       D                D            one that leads elsewhere, or is gone, is a warning
 *   a tag       D, which is      the tag      its manifest is judged, and told that D is gone
 *               not there
 */
export async function knownManifest(
  client: RegistryClient,
  reference: Reference,
  request: Pick<SourceRequest, "known" | "checkDigest" | "limits" | "signal" | "log">,
): Promise<FoundManifest> {
  const { known, checkDigest } = request;
  if (reference.digest !== undefined) return { ...(await client.manifest(reference.digest)), warning: undefined };
  const wanted = known === undefined ? undefined : await unlessMissing(client.manifest(known.digest));
  if (wanted === undefined) {
    const named = await client.manifest(reference.tag);
    checkDigest(named.digest, known === undefined ? undefined : `which ${reference.registry} does not have`);
    return { ...named, warning: undefined };
  }
  checkDigest(wanted.digest);
  const question = (signal: AbortSignal): Promise<string | undefined> => ledTo(client, reference.tag, signal);
  const led = await askAside(question, "where the tag leads", request);
  return { ...wanted, warning: led === undefined || led === wanted.digest ? undefined : moved(reference, led, wanted) };
}

async function ledTo(client: RegistryClient, tag: string, signal: AbortSignal): Promise<string | undefined> {
  return client.digestOf(tag, signal).catch((error: unknown) => {
    if (isFailure(error) && error.reason === "NotFound") return "nothing";
    throw error;
  });
}

function moved(reference: Reference, led: string, { digest }: FetchedManifest): string {
  return `${showReference(reference)} leads to ${led} by now; this version goes on with ${digest}. To serve the new bytes, add them as a version with a name of its own.`;
}

async function unlessMissing(manifest: Promise<FetchedManifest>): Promise<FetchedManifest | undefined> {
  return manifest.catch((error: unknown) => {
    if (isFailure(error) && error.reason === "NotFound") return undefined;
    throw error;
  });
}
