import { stringsAt } from "../../api/json.ts";
import type { RejectedStatus, VersionEntry } from "../../api/model.ts";
import { versionOfPinKey } from "../../api/names.ts";
import type { Fleet } from "../pods/fleet.ts";
import type { Observed } from "../observed.ts";

/** The digests that version names are bound to: those on record, and those that have just become known. */
export interface DigestRecord {
  /** As the ConfigMap has it. Only this makes a version resolved: pods must be able to read it. */
  readonly recorded: Readonly<Record<string, string>>;
  /** With what has become known since. */
  readonly known: Readonly<Record<string, string>>;
  /** The names in `known` that pods have just resolved: what the user wrote is no news. */
  readonly found: readonly string[];
  /** What names the bytes of a version at its source, with what has become known since. */
  readonly pins: Readonly<Record<string, string>>;
}

/**
 * A version's name is bound for ever at its first use: to the digest in the spec, or else to the first that a pod
 * reports. A digest may be taken out of the spec again, as whoever reverts the edit that put it there does; it stays on
 * record, and an entry without one is held to the record. Were the ConfigMap deleted, or an entry of it edited, the
 * copy in status brings back what it was. A pin only says where the bytes of that digest can be had, and is worth nothing for
 * others: the newest pod that has fetched them knows it best, as what was pinned before may be gone.
 */
export function digestRecord(
  observed: Observed,
  fleets: readonly (Fleet | undefined)[],
  target: VersionEntry,
): DigestRecord {
  const copies = (observed.model.status?.versions ?? []).flatMap(({ name, digest }) =>
    digest === undefined ? [] : [[name, digest] as const],
  );
  const recorded = recordedDigests(observed);
  const base: Readonly<Record<string, string>> = {
    ...(target.digest === undefined ? {} : { [target.name]: target.digest }),
    ...recorded,
    ...Object.fromEntries(copies),
  };
  const reports = fleets.flatMap((fleet) =>
    fleet?.report === undefined || Object.hasOwn(base, fleet.version)
      ? []
      : [[fleet.version, fleet.report.digest] as const],
  );
  // Reversed, so that of two reports for one name the first fleet's stands.
  const known: Readonly<Record<string, string>> = { ...base, ...Object.fromEntries(reports.toReversed()) };
  const pins = fleets.flatMap((fleet) =>
    fleet?.report?.pin === undefined || fleet.report.digest !== known[fleet.version]
      ? []
      : [[fleet.version, fleet.report.pin] as const],
  );
  return {
    recorded,
    known,
    found: [...new Set(reports.map(([name]) => name))],
    pins: { ...recordedPins(observed), ...Object.fromEntries(pins.toReversed()) },
  };
}

/** By version name, as the ConfigMap has them. */
export function recordedDigests({ versions }: Observed): Readonly<Record<string, string>> {
  const entries = Object.entries(stringsAt(versions?.object, "data"));
  return Object.fromEntries(entries.filter(([key]) => versionOfPinKey(key) === undefined));
}

function recordedPins({ versions }: Observed): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(stringsAt(versions?.object, "data")).flatMap(([key, pin]) => {
      const version = versionOfPinKey(key);
      return version === undefined ? [] : [[version, pin]];
    }),
  );
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
    message: `version ${entry.name} has stood for ${recorded} since its first use, and spec.versions now says ${entry.digest}: a version name stands for the same bytes for ever, so give the new bytes a new name`,
    ...(retryToken === undefined ? {} : { retryToken }),
  };
}
