import { stringsAt } from "../api/json.ts";
import type { RejectedStatus, VersionEntry } from "../api/model.ts";
import type { Fleet } from "./fleet.ts";
import type { Observed } from "./observed.ts";

/** The digests that version names are bound to: those on record, and those that have just become known. */
export interface DigestRecord {
  /** As the ConfigMap has it. Only this makes a version resolved: pods must be able to read it. */
  readonly recorded: Readonly<Record<string, string>>;
  /** With what has become known since. */
  readonly known: Readonly<Record<string, string>>;
  /** The names in `known` that pods have just resolved: what the user wrote is no news. */
  readonly found: readonly string[];
}

/**
 * A version's name is bound for ever to the first bytes that a pod reports for it; where the spec gives a digest, which
 * is enforced anyway, to the first that served, in the pass that tells so. Were the ConfigMap deleted, or an entry of
 * it edited, the copy in status brings back what it was.
 */
export function digestRecord(observed: Observed, fleets: readonly (Fleet | undefined)[]): DigestRecord {
  const copies = (observed.model.status?.versions ?? []).flatMap(({ name, digest }) =>
    digest === undefined ? [] : [[name, digest] as const],
  );
  const recorded = observed.versions === undefined ? {} : stringsAt(observed.versions.object, "data");
  const base = { ...recorded, ...Object.fromEntries(copies) };
  const given = new Set(observed.model.spec.versions.flatMap(({ name, digest }) => (digest === undefined ? [] : name)));
  const reports = fleets.flatMap((fleet) =>
    fleet?.reportedDigest === undefined ||
    Object.hasOwn(base, fleet.version) ||
    (given.has(fleet.version) && fleet.ready === 0)
      ? []
      : [[fleet.version, fleet.reportedDigest] as const],
  );
  // Reversed, so that of two reports for one name the first fleet's stands.
  return {
    recorded,
    known: { ...base, ...Object.fromEntries(reports.toReversed()) },
    found: [...new Set(reports.map(([name]) => name).filter((name) => !given.has(name)))],
  };
}

/** A digest in the spec that is not the one on record: refused before anything is started. */
export function reusedVersion(
  entry: VersionEntry,
  revision: string,
  retryToken: string | undefined,
  record: DigestRecord,
): RejectedStatus | undefined {
  const recorded = Object.hasOwn(record.known, entry.name) ? record.known[entry.name] : undefined;
  if (entry.digest === undefined || recorded === undefined || recorded === entry.digest) return undefined;
  return {
    revision,
    stage: "Download",
    reason: "VersionReused",
    message: `version ${entry.name} was first resolved to ${recorded}, and spec.versions now says ${entry.digest}: a version name stands for the same bytes for ever, so give the new bytes a new name`,
    ...(retryToken === undefined ? {} : { retryToken }),
  };
}
