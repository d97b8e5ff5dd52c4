import { failure } from "../failure.ts";
import type { KnownBytes } from "../sources/source.ts";

export interface ExpectedDigests {
  /** Name of the version entry. */
  readonly version: string;
  /** What the user demands. */
  readonly digest: string | undefined;
  /** What this version name was first resolved to. */
  readonly recordedDigest: string | undefined;
}

/**
 * The rule that a version name never means other bytes: `found` must be what the user demands and what the name was
 * first resolved to. A broken demand is told first, because that is what the user can see in the resource.
 */
export function checkDigest({ version, digest, recordedDigest }: ExpectedDigests, found: string, gone?: string): void {
  const lost = gone === undefined ? "" : ` (${gone})`;
  if (digest !== undefined && digest !== found) {
    throw failure(
      "DigestMismatch",
      `The uri of version ${version} gives ${found}, but the entry demands ${digest}${lost}. Add an entry with another name and the right digest or uri.`,
    );
  }
  if (recordedDigest !== undefined && recordedDigest !== found) {
    throw failure(
      "VersionReused",
      `Version ${version} was first resolved to ${recordedDigest}${lost}, and its uri now gives ${found}. A version name keeps its bytes: bring those back, or add the new ones under a new version name.`,
    );
  }
}

/** What a version stands for: a record wins, as it may have a pin. Both at once are judged by {@link checkDemand}. */
export function knownBytes({
  digest,
  recordedDigest,
  recordedPin,
}: Pick<ExpectedDigests, "digest" | "recordedDigest"> & {
  readonly recordedPin: string | undefined;
}): KnownBytes | undefined {
  const known = recordedDigest ?? digest;
  if (known === undefined) return undefined;
  return { digest: known, pin: recordedDigest === undefined ? undefined : recordedPin };
}

/** A demand that contradicts the record can only fail, whatever the uri gives: no download is needed to say so. */
export function checkDemand({ version, digest, recordedDigest }: ExpectedDigests): void {
  if (digest === undefined || recordedDigest === undefined || digest === recordedDigest) return;
  throw failure(
    "VersionReused",
    `Version ${version} has stood for ${recordedDigest} since its first use, and the entry now demands ${digest}. A version name keeps its bytes: add them under a new version name.`,
  );
}
