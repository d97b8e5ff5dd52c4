import { askAside } from "../sources/ask-aside.ts";
import { isCommit } from "../commit.ts";
import { isFailure, isRefusal } from "../failure.ts";
import type { SourceRequest } from "../sources/source.ts";
import type { HubAddress } from "./address.ts";
import type { HubClient } from "./client.ts";
import type { HubRevision } from "./revision.ts";

export interface FoundRevision {
  readonly revision: HubRevision;
  /** Whether it is the recorded commit. */
  readonly isRecorded: boolean;
  /** Why the recorded commit was not taken; undefined where it was, or there is none. */
  readonly gone: string | undefined;
  /** The branch or tag of the uri leads elsewhere by now. */
  readonly warning: string | undefined;
}

/**
 * The commit that a version stands for. One that is recorded is taken as long as the Hub has it, wherever the branch or
 * tag of the uri leads by now. Where it is gone, the uri is resolved anew: the digest tells whether the bytes are the same.
 * What is no commit is the record of a uri that was `s3://` then: the Hub need not be asked for it.
 */
export async function knownRevision(
  client: HubClient,
  address: HubAddress,
  request: Pick<SourceRequest, "known" | "limits" | "signal" | "log">,
): Promise<FoundRevision> {
  const { known } = request;
  const commit = known?.pin !== undefined && isCommit(known.pin) ? known.pin : undefined;
  const recorded = commit === undefined ? undefined : await unlessRefused(client.resolve(commit));
  if (recorded === undefined) return resolvedAnew(client, address, commit);
  const question = (signal: AbortSignal): Promise<HubRevision> => client.look(address.revision, signal);
  const led = await askAside(question, "where the revision leads", request);
  const hasMoved = led !== undefined && led.commit !== recorded.commit && differ(led, recorded, address.path);
  const warning = hasMoved ? moved(address, led, recorded) : undefined;
  return { revision: recorded, isRecorded: true, gone: undefined, warning };
}

/** What the uri leads to, in place of a commit that was recorded and is gone. */
export async function resolvedAnew(
  client: HubClient,
  address: HubAddress,
  lost: string | undefined,
): Promise<FoundRevision> {
  const gone = lost === undefined ? undefined : `as commit ${lost}, which the Hub does not give any more`;
  return { revision: await client.resolve(address.revision), isRecorded: false, gone, warning: undefined };
}

/** A commit that was written over may still be listed, without its files. */
export function isGone(error: unknown): boolean {
  return isFailure(error) && (error.reason === "NotFound" || error.reason === "Unauthorized");
}

/** Whether the uri would give something else: a commit that only changes other files does not matter. */
function differ(led: HubRevision, recorded: HubRevision, path: string): boolean {
  return listed(led, path) !== listed(recorded, path);
}

function listed({ files }: HubRevision, path: string): string {
  const own = files
    .filter((file) => path === "" || file.path === path || file.path.startsWith(`${path}/`))
    .toSorted((left, right) => (left.path < right.path ? -1 : 1));
  return JSON.stringify(own.map((file) => [file.path, file.size, file.sha256, file.blob]));
}

function moved({ repository, revision }: HubAddress, led: HubRevision, { commit }: HubRevision): string {
  return `${repository}@${revision} leads to commit ${led.commit} by now; this version goes on with ${commit}. To serve the new bytes, add them as a version with a name of its own.`;
}

/** A commit that was written over is missing to the Hub, or none of the repository's, or no revision at all (400). */
async function unlessRefused(revision: Promise<HubRevision>): Promise<HubRevision | undefined> {
  return revision.catch((error: unknown) => {
    if (isRefusal(error)) return undefined;
    throw error;
  });
}
